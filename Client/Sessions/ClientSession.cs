using System.Collections.Concurrent;
using ClaudeFs.Grains;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Sessions;

/// <summary>
/// One session as the client sees it. Leases hold only while it <see cref="IsValid"/>: its term counts from before the
/// last
/// answered keepalive left, less a tenth. Thread-safe.
/// </summary>
internal sealed class ClientSession(
    SessionId id, ISessionGrain grain, bool isEmbedded, SessionWelcome welcome, TimeProvider time, ILoop loop)
{
    private readonly ConcurrentDictionary<ShardId, OperationWindow> _windows = new();
    private readonly TimeSpan _term = welcome.Term - (welcome.Term / 10);
    private readonly ulong[] _epochs = new ulong[ShardId.Count];
    private long _deadline;
    private int _returns;
    private volatile bool _isReturning;
    private int _isLost;

    /// <summary>Its id; never used again once lost.</summary>
    public SessionId Id { get; } = id;

    /// <summary>Where it is kept.</summary>
    public ISessionGrain Grain { get; } = grain;

    /// <summary>What opening it told.</summary>
    public SessionWelcome Welcome { get; } = welcome;

    /// <summary>The client dies with the silo: there is no term.</summary>
    public bool IsEmbedded { get; } = isEmbedded;

    /// <summary>The silo has given it up, or the client has.</summary>
    public bool IsLost => Volatile.Read(ref _isLost) != 0;

    /// <summary>How often it came back after a restart of its silo.</summary>
    public int Returns => Volatile.Read(ref _returns);

    /// <summary>The silo knows it again, but not yet all its leases: no operation may leave.</summary>
    public bool IsReturning => _isReturning;

    /// <summary>Whether leases under it hold at this moment.</summary>
    public bool IsValid => !IsLost && (IsEmbedded || time.GetTimestamp() < Volatile.Read(ref _deadline));

    /// <summary>How long leases hold still; zero when they do not.</summary>
    public TimeSpan Remaining
    {
        get
        {
            if (IsLost) return TimeSpan.Zero;
            if (IsEmbedded) return TimeSpan.MaxValue;
            var (now, deadline) = (time.GetTimestamp(), Volatile.Read(ref _deadline));
            return now >= deadline ? TimeSpan.Zero : time.GetElapsedTime(now, deadline);
        }
    }

    /// <summary>The operation numbers of a shard.</summary>
    public OperationWindow Window(ShardId shard) =>
        _windows.GetOrAdd(shard, static (_, loop) => new OperationWindow(loop), loop);

    /// <summary>The highest epoch of a shard that a grant named: leases of lower ones are void.</summary>
    public Epoch EpochOf(ShardId shard) => new(Volatile.Read(ref _epochs[shard.Value]));

    /// <summary>A grant named an epoch.</summary>
    public void LearnEpoch(ShardId shard, Epoch epoch)
    {
        ref var known = ref _epochs[shard.Value];
        var seen = Volatile.Read(ref known);
        while (epoch.Value > seen) seen = Interlocked.CompareExchange(ref known, epoch.Value, seen);
    }

    /// <summary>A keepalive that left at <paramref name="sent"/> (a timestamp) was answered.</summary>
    public void Extend(long sent)
    {
        var deadline = sent + (long)(_term.TotalSeconds * time.TimestampFrequency);
        if (deadline > Volatile.Read(ref _deadline)) Volatile.Write(ref _deadline, deadline);
    }

    /// <summary>The silo that restarted knows it again: now it takes its leases again.</summary>
    public void BeginReturn() => _isReturning = true;

    /// <summary>It has its leases again.</summary>
    public void EndReturn()
    {
        Interlocked.Increment(ref _returns);
        _isReturning = false;
    }

    /// <summary>From here on no lease of it holds. True for the first who says so.</summary>
    public bool Lose() => Interlocked.Exchange(ref _isLost, 1) == 0;
}
