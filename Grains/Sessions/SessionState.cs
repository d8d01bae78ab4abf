using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Sessions;

/// <summary>Where a session is in its life.</summary>
public enum SessionStatus
{
    /// <summary>It was there before this silo started and has not come back.</summary>
    Absent = 0,

    /// <summary>Its operations are served.</summary>
    Alive = 1,

    /// <summary>It did not answer: nothing of it is served, and its leases are free after its term.</summary>
    Evicted = 2,

    /// <summary>Closed, or its term is over: it holds nothing.</summary>
    Ended = 3,
}

/// <summary>
/// What the silo knows of one session, in memory. Thread-safe: written by the session's grain and by recalls.
/// </summary>
public sealed class SessionState(SessionId id, string clientName, bool isEmbedded)
{
    // Completed in line: who waits is a grain, which goes on in a turn of its own.
    private readonly TaskCompletionSource _ended = new();
    private readonly TaskCompletionSource _settled = new();
    private readonly ulong[] _entered = new ulong[ShardId.Count / 64];
    private int _status;
    private long _lastSeen;
    private long _lastProgress;
    private ulong _garbageEpochSeen;
    private ILeaseHolder? _holder;

    public SessionId Id { get; } = id;

    public string ClientName { get; } = clientName;

    /// <summary>It lives in this process: it has no term and is never silent for longer than its process.</summary>
    public bool IsEmbedded { get; } = isEmbedded;

    public SessionStatus Status => (SessionStatus)Volatile.Read(ref _status);

    public bool IsAlive => Status == SessionStatus.Alive;

    /// <summary>How to call the client; null while absent.</summary>
    public ILeaseHolder? Holder => Volatile.Read(ref _holder);

    /// <summary>Clock's timestamp of the arrival of the last keepalive.</summary>
    public long LastSeen => Volatile.Read(ref _lastSeen);

    /// <summary>Clock's timestamp of the last operation that a recall had to let pass.</summary>
    public long LastProgress => Volatile.Read(ref _lastProgress);

    /// <summary>Completes when the session has ended.</summary>
    public Task Ended => _ended.Task;

    /// <summary>Completes when a session of before has come back and has its leases again, or has ended.</summary>
    public Task Settled => _settled.Task;

    /// <summary>Whether nothing has to wait for what the session may hold from before.</summary>
    public bool IsSettled => _settled.Task.IsCompleted;

    /// <summary>Whether the session's row for this shard is committed.</summary>
    public bool HasEntered(ShardId shard) =>
        (Volatile.Read(ref _entered[shard.Value >> 6]) & (1UL << (shard.Value & 63))) != 0;

    /// <summary>The session's row for this shard is committed.</summary>
    public void NoteEntered(ShardId shard) => Interlocked.Or(ref _entered[shard.Value >> 6], 1UL << (shard.Value & 63));

    /// <summary>A sign of life that extends the term.</summary>
    public void NoteSeen(long timestamp) => Volatile.Write(ref _lastSeen, timestamp);

    /// <summary>The holder of a lease that is being recalled is flushing.</summary>
    public void NoteProgress(long timestamp) => Volatile.Write(ref _lastProgress, timestamp);

    /// <summary>The newest garbage epoch that the client has seen.</summary>
    public ulong GarbageEpochSeen => Volatile.Read(ref _garbageEpochSeen);

    internal void NoteGarbageEpoch(ulong epoch) => Volatile.Write(ref _garbageEpochSeen, epoch);

    internal void Attach(ILeaseHolder holder, long timestamp)
    {
        NoteSeen(timestamp);
        Volatile.Write(ref _holder, holder);
        Interlocked.CompareExchange(ref _status, (int)SessionStatus.Alive, (int)SessionStatus.Absent);
    }

    internal void Settle() => _settled.TrySetResult();

    internal bool TryEvict() =>
        Interlocked.CompareExchange(ref _status, (int)SessionStatus.Evicted, (int)SessionStatus.Alive)
        == (int)SessionStatus.Alive;

    internal bool TryEnd()
    {
        if (Interlocked.Exchange(ref _status, (int)SessionStatus.Ended) == (int)SessionStatus.Ended) return false;
        return true;
    }

    internal void CompleteEnd()
    {
        _settled.TrySetResult();
        _ended.TrySetResult();
    }
}
