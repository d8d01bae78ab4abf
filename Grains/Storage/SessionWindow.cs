namespace ClaudeFs.Grains.Storage;

/// <summary>
/// What a shard remembers of one session's operations: which have an answer among the rows, which were answered
/// without one, and below which number nobody listens any more. Guarded by the shard's lock.
/// </summary>
/// <remarks>
/// A call can arrive, or go on after a wait, when a later attempt of the same operation has been answered and even
/// acknowledged: what it brings along says nothing of that. So the highest acknowledged number is kept here, and an
/// answer that changed nothing is given to every attempt, lest one of them changes something after all. Both are in
/// memory only: no call outlives the process that it was sent to.
/// </remarks>
internal sealed class SessionWindow
{
    private readonly List<ulong> _kept = [];
    private Dictionary<ulong, object>? _plain;

    /// <summary>Operations below have their answer, or their client has given them up.</summary>
    public ulong AcknowledgedBelow { get; private set; }

    /// <summary>Numbers whose answers are rows, in the order in which they were applied.</summary>
    public IReadOnlyList<ulong> Kept => _kept;

    /// <summary>Whether the answer of a number is a row.</summary>
    public bool IsKept(ulong number) => _kept.Contains(number);

    /// <summary>The answer of a number has become a row.</summary>
    public void Keep(ulong number) => _kept.Add(number);

    /// <summary>Takes out a number below the given one whose answer is a row; false when there is none.</summary>
    public bool TryDrop(ulong below, out ulong number)
    {
        number = 0;
        var at = _kept.FindIndex(kept => kept < below);
        if (at < 0) return false;
        number = _kept[at];
        _kept.RemoveAt(at);
        return true;
    }

    /// <summary>Operations below this number are over.</summary>
    public void Acknowledge(ulong below)
    {
        if (below <= AcknowledgedBelow) return;
        AcknowledgedBelow = below;
        if (_plain is not { Count: > 0 } plain) return;
        foreach (var number in plain.Keys.Where(number => number < below).ToArray()) plain.Remove(number);
    }

    /// <summary>An operation was answered without a row.</summary>
    public void Answer(ulong number, object answer) => (_plain ??= [])[number] = answer;

    /// <summary>The answer without a row; null when there is none.</summary>
    public object? FindPlain(ulong number) => _plain?.GetValueOrDefault(number);
}
