using ClaudeFs.Primitives;

#pragma warning disable VSTHRD200 // reads as what it is: an answer, when it is committed

namespace ClaudeFs.Grains.Storage;

/// <summary>A batch that was submitted: applied, on its way to the log.</summary>
public readonly struct Commit
{
    private readonly Shard? _shard;
    private readonly ulong _sequence;
    private readonly AckMode _ack;

    internal Commit(Shard shard, ulong sequence, AckMode ack)
    {
        _shard = shard;
        _sequence = sequence;
        _ack = ack;
    }

    /// <summary>The batch was refused: the store is read-only.</summary>
    public bool IsRefused => _shard is null;

    /// <summary>The batch's place in its shard's order; 0 when refused.</summary>
    public ulong Sequence => _sequence;

    /// <summary>
    /// The answer, when it may leave: after the commit, or at once for <see cref="AckMode.Applied"/> while the queue is
    /// short. Errors: EROFS (refused), EIO (the append failed).
    /// </summary>
    public ValueTask<FsResult<T>> WhenCommitted<T>(in FsResult<T> answer)
    {
        if (_shard is null) return new(FsError.EROFS);
        if (_ack == AckMode.Applied && !_shard.Store.IsQueueLong) return new(answer);
        return _shard.WhenAsync(_sequence, answer);
    }

    /// <summary>Completes when it is committed, whatever the operation's mode. Errors: EROFS, EIO.</summary>
    public ValueTask<FsResult<Nothing>> WhenDurableAsync() =>
        _shard is null ? new(FsError.EROFS) : _shard.WhenAsync<Nothing>(_sequence, Nothing.Value);
}
