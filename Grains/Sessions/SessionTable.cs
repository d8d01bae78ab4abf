using System.Collections.Concurrent;
using ClaudeFs.Grains.Hosting;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Sessions;

/// <summary>
/// The sessions that this silo knows. A session that ends is taken out here, its leases become free, and its grain is
/// told to
/// clean up its rows. Thread-safe.
/// </summary>
public sealed class SessionTable(TimeProvider time, GrainOptions options)
{
    private readonly ConcurrentDictionary<SessionId, SessionState> _sessions = new();

    /// <summary>Raised once for each session that ends, on the thread that found out: drops its leases.</summary>
    internal Action<SessionState>? Ending { get; set; }

    /// <summary>All sessions, in order of their ids.</summary>
    public IReadOnlyList<SessionState> All => [.. _sessions.Values.OrderBy(static state => state.Id.Value)];

    /// <summary>The session, or null when it is not known (any more).</summary>
    public SessionState? Find(SessionId id) => _sessions.GetValueOrDefault(id);

    /// <summary>
    /// Adds a session: one that opens, or at start one that was there before; false when the id is taken.
    /// </summary>
    public bool TryAdd(SessionState state)
    {
        state.NoteSeen(time.GetTimestamp());
        return _sessions.TryAdd(state.Id, state);
    }

    /// <summary>
    /// What is left of the session's term; zero when it is over. An embedded session that is alive has no end.
    /// </summary>
    public TimeSpan TermLeft(SessionState state)
    {
        if (state.IsEmbedded) return state.IsAlive ? TimeSpan.MaxValue : TimeSpan.Zero;
        var left = options.SessionTerm - time.GetElapsedTime(state.LastSeen);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>The session is over: its leases are free from here on. Idempotent.</summary>
    public void End(SessionState state)
    {
        if (!state.TryEnd()) return;
        Ending?.Invoke(state);
        _sessions.TryRemove(new(state.Id, state));
        state.CompleteEnd();
    }
}
