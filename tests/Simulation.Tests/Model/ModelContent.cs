namespace ClaudeFs.Simulation.Tests.Model;

/// <summary>
/// What a file holds, and everything that it may hold after a power cut: each byte as it was at the last fsync or at
/// any moment since.
/// </summary>
internal sealed class ModelContent
{
    private readonly List<Change> _changes = [];
    private byte[] _synced = [];
    private byte[] _bytes = [];

    /// <summary>Present content.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    public int SizeBytes => _bytes.Length;

    /// <summary>Whether something is not known to be durable.</summary>
    public bool IsUnsynced => _changes.Count > 0;

    /// <param name="offset">Where.</param>
    /// <param name="data">What.</param>
    /// <param name="names">How many changes of names the client had made before.</param>
    public void Write(int offset, byte[] data, int names)
    {
        _bytes = Written(_bytes, offset, data);
        _changes.Add(new(offset, data, names));
    }

    /// <param name="sizeBytes">The new size.</param>
    /// <param name="names">How many changes of names the client had made before.</param>
    public void Truncate(int sizeBytes, int names)
    {
        if (sizeBytes == _bytes.Length) return;
        Array.Resize(ref _bytes, sizeBytes);
        _changes.Add(new(sizeBytes, null, names));
    }

    /// <summary>What is there now survives power cuts.</summary>
    public void NoteSynced() => Adopt(_bytes);

    /// <summary>What was found is the truth from here on.</summary>
    public void Adopt(byte[] found)
    {
        _bytes = found;
        _synced = found;
        _changes.Clear();
    }

    /// <summary>Why <paramref name="found"/> cannot be what a power cut left; null when it can.</summary>
    /// <param name="found">What is there.</param>
    /// <param name="mayHaveHoles">
    /// A change may be there although an earlier one is not: zeros where the file once ended are right.
    /// </param>
    /// <param name="names">How many changes of names survived: what was written after one that is lost is lost.</param>
    public string? FindLoss(ReadOnlySpan<byte> found, bool mayHaveHoles, int names)
    {
        var explained = new bool[found.Length];
        var version = _synced;
        var isSizeKnown = version.Length == found.Length;
        Explain(explained, found, version, 0, version.Length);
        foreach (var change in _changes)
        {
            if (change.Names > names) break;
            var before = version.Length;
            version = change.Apply(version);
            isSizeKnown |= version.Length == found.Length;
            Explain(explained, found, version, Math.Min(change.Offset, before), version.Length);
        }

        if (mayHaveHoles) ExplainHoles(explained, found);
        if (!isSizeKnown) return $"size {found.Length}, which it never had since its fsync at {_synced.Length} bytes";
        var lost = Array.IndexOf(explained, false);
        return lost < 0 ? null : $"byte {lost} is {found[lost]:x2}, which it never was since the file's fsync";
    }

    private static void Explain(bool[] explained, ReadOnlySpan<byte> found, byte[] version, int from, int to)
    {
        for (var i = from; i < Math.Min(to, found.Length); i++) explained[i] |= version[i] == found[i];
    }

    private void ExplainHoles(bool[] explained, ReadOnlySpan<byte> found)
    {
        var shortest = _synced.Length;
        foreach (var change in _changes) shortest = change.Data is null ? Math.Min(shortest, change.Offset) : shortest;
        for (var i = shortest; i < found.Length; i++) explained[i] |= found[i] == 0;
    }

    private static byte[] Written(byte[] bytes, int offset, byte[] data)
    {
        var result = new byte[Math.Max(bytes.Length, offset + data.Length)];
        bytes.CopyTo(result, 0);
        data.CopyTo(result, offset);
        return result;
    }

    private readonly record struct Change(int Offset, byte[]? Data, int Names)
    {
        public byte[] Apply(byte[] version)
        {
            if (Data is not null) return Written(version, Offset, Data);
            Array.Resize(ref version, Offset);
            return version;
        }
    }
}
