using System.Buffers.Binary;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>
/// One append being put together: room for the header, then the parts, in memory aligned for the device. Kept and
/// reused by the committer; not thread-safe.
/// </summary>
public sealed class AppendBuffer : IDisposable
{
    private const int FirstBytes = 256 * 1024;
    private readonly List<KeyValuePair<ShardId, Epoch>> _epochs = [];
    private AlignedMemory _memory = AlignedMemory.Allocate(FirstBytes);
    private int _length = LogFormat.HeaderBytes;

    /// <summary>The shards touched and the epochs under which: checked before anything is written.</summary>
    public IReadOnlyList<KeyValuePair<ShardId, Epoch>> Epochs => _epochs;

    /// <summary>The highest stamp of the operations.</summary>
    public Stamp Stamp { get; private set; }

    /// <summary>Bytes of the parts.</summary>
    public int BodyBytes => _length - LogFormat.HeaderBytes;

    internal uint PartCount => (uint)_epochs.Count;

    internal ReadOnlySpan<byte> Body => _memory.GetSpan().Slice(LogFormat.HeaderBytes, BodyBytes);

    /// <summary>Forgets what was in it.</summary>
    public void Clear()
    {
        _epochs.Clear();
        Stamp = Stamp.Zero;
        _length = LogFormat.HeaderBytes;
        if (_memory.CapacityBytes <= 2 * StoreLimits.AppendBytesTarget) return;
        _memory.Return();
        _memory = AlignedMemory.Allocate(FirstBytes);
    }

    /// <inheritdoc />
    public void Dispose() => _memory.Return();

    /// <summary>Adds a run of batches of one shard, in the order of their sequences.</summary>
    internal void AddPart(ReadOnlySpan<ShardBatch> batches)
    {
        var (shard, first) = (batches[0].Shard, batches[0].Sequence);
        _epochs.Add(new(shard.Id, shard.Epoch));
        var head = Reserve(PartHeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(head, shard.Id.Value);
        BinaryPrimitives.WriteUInt16LittleEndian(head[2..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(head[4..], (uint)batches.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(head[8..], shard.Epoch.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(head[16..], first);
        for (var i = 0; i < batches.Length; i++)
        {
            var batch = batches[i];
            Invariant.That(batch.Shard == shard && batch.Sequence == first + (ulong)i);
            if (batch.Stamp > Stamp) Stamp = batch.Stamp;
            var operation = batch.Head.Written;
            var changes = batch.Body.Written;
            var into = Reserve(sizeof(uint) + operation.Length + changes.Length);
            BinaryPrimitives.WriteUInt32LittleEndian(into, (uint)(operation.Length + changes.Length));
            operation.CopyTo(into[sizeof(uint)..]);
            changes.CopyTo(into[(sizeof(uint) + operation.Length)..]);
        }
    }

    /// <summary>
    /// Writes the header and gives the whole, padded to blocks; borrowed until the next call of Clear.
    /// </summary>
    internal ReadOnlyMemory<byte> Seal(in LogHeader header)
    {
        var padded = (int)LogFormat.PaddedBytes(BodyBytes);
        var end = _length;
        if (padded > end) Reserve(padded - end).Clear();
        _length = end;
        LogFormat.Write(_memory.GetSpan(), header);
        return _memory.Memory[..padded];
    }

    internal const int PartHeaderBytes = 24;

    private Span<byte> Reserve(int bytes)
    {
        var end = checked(_length + bytes);
        if (end > _memory.CapacityBytes)
        {
            Grow(Math.Max(checked(_memory.CapacityBytes * 2), end));
        }

        var span = _memory.GetSpan().Slice(_length, bytes);
        _length = end;
        return span;
    }

    private void Grow(int bytes)
    {
        var larger = AlignedMemory.Allocate(bytes);
        _memory.GetSpan()[.._length].CopyTo(larger.GetSpan());
        _memory.Return();
        _memory = larger;
    }
}
