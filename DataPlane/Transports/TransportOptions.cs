namespace ClaudeFs.DataPlane.Transports;

/// <summary>Time-outs and tuning of a transport.</summary>
public sealed class TransportOptions
{
    private const int BufferBytesMin = 4096;

    /// <summary>Longest wait for a connection to be made. Default 3 s.</summary>
    public TimeSpan DialTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Longest pause inside a frame that has begun to arrive; pauses between frames are the heartbeat's. Default 5 s.
    /// </summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longest time in which none of the bytes handed over (1 MiB at most) are taken by the peer. Default 5 s.
    /// </summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence after which the kernel probes a TCP peer, whole seconds. Default 30 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Kernel buffer for each direction of a TCP connection, bytes; 0 leaves it to the kernel's auto-tuning. Default 0.
    /// </summary>
    public int SocketBufferBytes { get; init; }

    /// <summary>Connections waiting to be accepted. Default 512.</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>Time-outs for machines in one place (the defaults).</summary>
    public static TransportOptions Lan { get; } = new();

    /// <summary>Time-outs for distant sites.</summary>
    public static TransportOptions Wan { get; } = new()
    {
        DialTimeout = TimeSpan.FromSeconds(10),
        ReadTimeout = TimeSpan.FromSeconds(20),
        WriteTimeout = TimeSpan.FromSeconds(20),
    };

    /// <summary>Time-outs for links of seconds of delay.</summary>
    public static TransportOptions Satellite { get; } = new()
    {
        DialTimeout = TimeSpan.FromSeconds(30),
        ReadTimeout = TimeSpan.FromSeconds(60),
        WriteTimeout = TimeSpan.FromSeconds(60),
    };

    /// <summary>Throws ArgumentException naming property, value and rule.</summary>
    public void Validate()
    {
        Require(DialTimeout > TimeSpan.Zero, nameof(DialTimeout), DialTimeout, "must be above zero");
        Require(ReadTimeout > TimeSpan.Zero, nameof(ReadTimeout), ReadTimeout, "must be above zero");
        Require(WriteTimeout > TimeSpan.Zero, nameof(WriteTimeout), WriteTimeout, "must be above zero");
        Require(KeepAlive >= TimeSpan.FromSeconds(1), nameof(KeepAlive), KeepAlive, "must be at least one second");
        Require(
            SocketBufferBytes == 0 || SocketBufferBytes >= BufferBytesMin, nameof(SocketBufferBytes), SocketBufferBytes,
            "must be 0 or at least 4096");
        Require(Backlog > 0, nameof(Backlog), Backlog, "must be above zero");
    }

    private static void Require(bool holds, string property, object value, string rule)
    {
        if (!holds) throw new ArgumentException($"TransportOptions.{property} is {value}: it {rule}", property);
    }
}
