using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>Bounds and times of RPC connections.</summary>
public sealed class RpcOptions
{
    private static readonly TimeSpan TimeoutMax = TimeSpan.FromDays(1);

    /// <summary>Time of a call that names none. Default 5 s.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromMilliseconds(5000);

    /// <summary>Own calls in flight on a connection; further ones wait in order. Default 1000.</summary>
    public int InFlightCallsMax { get; init; } = 1000;

    /// <summary>Payload bytes of own calls in flight; one call alone may exceed it. Default 32 MiB.</summary>
    public long InFlightBytesMax { get; init; } = 32 << 20;

    /// <summary>Own calls that wait for a place in flight; the next fails with PoolExhausted. Default 16384.</summary>
    public int WaitingCallsMax { get; init; } = 16384;

    /// <summary>The peer's calls that run at a time; further ones wait in order. Default 256.</summary>
    public int ServedCallsMax { get; init; } = 256;

    /// <summary>A sign of life is sent this often, and silence looked for. Default 3 s.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Silence after which the peer counts as dead, found out at most two heartbeats later. Default 10 s.
    /// </summary>
    public TimeSpan DeadPeerAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait for the greeting. Default 3 s.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Whether callers go on in line on the receiving thread when their answer comes: saves a thread hop (about 6 µs) a
    /// call, and lets a caller that computes or blocks there hold up everybody else's answers. Default false.
    /// </summary>
    public bool InlineContinuations { get; init; }

    /// <summary>First pause before a client connects again; doubled at each failure. Default 50 ms.</summary>
    public TimeSpan ReconnectDelayMin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Longest pause before a client connects again: one that stays away for longer than a recall may take (5 s) after
    /// its server is there loses its session. Default 1 s.
    /// </summary>
    public TimeSpan ReconnectDelayMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Throws ArgumentException naming property, value and rule.</summary>
    public void Validate()
    {
        RequireTime(CallTimeout, nameof(CallTimeout));
        RequireTime(HeartbeatInterval, nameof(HeartbeatInterval));
        RequireTime(HandshakeTimeout, nameof(HandshakeTimeout));
        RequireTime(ReconnectDelayMin, nameof(ReconnectDelayMin));
        Require(InFlightCallsMax > 0, nameof(InFlightCallsMax), InFlightCallsMax, "must be above zero");
        Require(InFlightBytesMax > 0, nameof(InFlightBytesMax), InFlightBytesMax, "must be above zero");
        Require(WaitingCallsMax >= 0, nameof(WaitingCallsMax), WaitingCallsMax, "must not be negative");
        Require(
            ServedCallsMax is > 0 and <= Limits.ServerQueuedCallsMax, nameof(ServedCallsMax), ServedCallsMax,
            $"must be 1 to {Limits.ServerQueuedCallsMax}");
        Require(
            DeadPeerAfter >= HeartbeatInterval * 2, nameof(DeadPeerAfter), DeadPeerAfter,
            "must be at least twice HeartbeatInterval");
        Require(
            ReconnectDelayMax >= ReconnectDelayMin, nameof(ReconnectDelayMax), ReconnectDelayMax,
            "must be at least ReconnectDelayMin");
    }

    private static void RequireTime(TimeSpan value, string property) => Require(
        value > TimeSpan.Zero && value <= TimeoutMax, property, value, "must be above zero and at most one day");

    private static void Require(bool holds, string property, object value, string rule)
    {
        if (!holds) throw new ArgumentException($"RpcOptions.{property} is {value}: it {rule}", property);
    }
}
