using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

/// <summary>How a client behaves; every value has a default that fits one machine.</summary>
public sealed class ClientOptions
{
    private readonly AckMode? _ack;

    /// <summary>Host, process and mount point, for people who look at sessions. Default: the machine's name.</summary>
    public string ClientName { get; init; } = Environment.MachineName;

    /// <summary>The client lives in the silo's process and dies with it: its session has no term. Default
    /// false.</summary>
    public bool IsEmbedded { get; init; }

    /// <summary>Memory for written data that is not committed, all files together; writers wait beyond. Default 64 MiB,
    /// at least 4 MiB.</summary>
    public long WriteBufferBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Whether that memory is there from the start, and not only when it is first used: a new mount's first large write
    /// is then as fast as later ones. Default false; a mount says true.
    /// </summary>
    public bool PopulatesWriteBuffer { get; init; }

    /// <summary>Whole chunks of one file are written in the background from here on. Default 4 MiB.</summary>
    public long StreamFlushBytes { get; init; } = 4 << 20;

    /// <summary>Written data waits at most this long before it is committed. Default 1 s.</summary>
    public TimeSpan DirtyAgeMax { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How far read-ahead of a sequential stream goes; 0 switches it off. Default 4 MiB.</summary>
    public int ReadAheadBytesMax { get; init; } = 4 << 20;

    /// <summary>Longest time that the kernel may keep names and attributes under a lease without a term. Default 60
    /// s.</summary>
    public TimeSpan AttributesTtlMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Memory for chunks read or just written. Default 64 MiB.</summary>
    public long ChunkCacheBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Whether whole chunks stay in that memory when they have been written. Default true; a mount says false, because
    /// the kernel has the same pages: what was flushed is the buffer of the next writes.
    /// </summary>
    public bool KeepsWrittenChunks { get; init; } = true;

    /// <summary>Inodes that the client remembers, and so leases that it holds. Default 131072.</summary>
    public int LeasesMax { get; init; } = 128 * 1024;

    /// <summary>Names that the client remembers, absent ones too. Default 262144.</summary>
    public int EntriesMax { get; init; } = 256 * 1024;

    /// <summary>First wait before a grain call is sent again; doubles up to <see cref="RetryDelayMax"/>. Default 50
    /// ms.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>Longest wait before a grain call is sent again. Default 2 s.</summary>
    public TimeSpan RetryDelayMax { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long a caller waits for a silo that is away before it fails with ETIMEDOUT. What was written stays in the
    /// buffer all the same, for as long as its session may come back. Default 30 s.
    /// </summary>
    public TimeSpan SessionWaitMax { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>As <see cref="SessionWaitMax"/>, of a client whose silo cannot be away: for ever.</summary>
    internal TimeSpan SiloWaitMax => IsEmbedded ? Timeout.InfiniteTimeSpan : SessionWaitMax;

    /// <summary>
    /// When a change is answered that nobody wants durable yet; by default at once where <see cref="IsEmbedded"/>. A
    /// client that dies with its silo would gain nothing by waiting for the log; a remote one outlives it, and lets go
    /// of a change only when that is not in the silo's memory alone.
    /// </summary>
    public AckMode Ack { get => _ack ?? (IsEmbedded ? AckMode.Applied : AckMode.Commit); init => _ack = value; }

    /// <summary>Loops that hash and put written data. Default 1; more helps where files are written by several
    /// processes on many cores.</summary>
    public int FlushLoops { get; init; } = 1;

    /// <summary>Throws <see cref="ArgumentException"/> that names property, value and rule.</summary>
    public void Validate()
    {
        Require(ClientName.Length is > 0 and <= 256, nameof(ClientName), ClientName, "1 to 256 characters");
        Require(WriteBufferBytes >= 4 << 20, nameof(WriteBufferBytes), WriteBufferBytes, "at least 4 MiB");
        Require(
            StreamFlushBytes >= Limits.ChunkBytes && StreamFlushBytes <= WriteBufferBytes, nameof(StreamFlushBytes),
            StreamFlushBytes, $"between 64 KiB and {nameof(WriteBufferBytes)}");
        Require(DirtyAgeMax > TimeSpan.Zero, nameof(DirtyAgeMax), DirtyAgeMax, "above zero");
        Require(ReadAheadBytesMax is >= 0 and <= 64 << 20, nameof(ReadAheadBytesMax), ReadAheadBytesMax, "0 to 64 MiB");
        Require(AttributesTtlMax >= TimeSpan.Zero, nameof(AttributesTtlMax), AttributesTtlMax, "not negative");
        Require(ChunkCacheBytes >= 1 << 20, nameof(ChunkCacheBytes), ChunkCacheBytes, "at least 1 MiB");
        Require(LeasesMax >= 64, nameof(LeasesMax), LeasesMax, "at least 64");
        Require(EntriesMax >= 64, nameof(EntriesMax), EntriesMax, "at least 64");
        Require(RetryDelay > TimeSpan.Zero, nameof(RetryDelay), RetryDelay, "above zero");
        Require(RetryDelayMax >= RetryDelay, nameof(RetryDelayMax), RetryDelayMax, $"at least {nameof(RetryDelay)}");
        Require(SessionWaitMax > TimeSpan.Zero, nameof(SessionWaitMax), SessionWaitMax, "above zero");
        Require(IsEmbedded || Ack == AckMode.Commit, nameof(Ack), Ack, "Commit in a process of its own");
        Require(FlushLoops is >= 1 and <= 16, nameof(FlushLoops), FlushLoops, "1 to 16");
    }

    private static void Require(bool isRight, string property, object value, string rule)
    {
        if (!isRight) throw new ArgumentException($"{nameof(ClientOptions)}.{property} is {value}: must be {rule}");
    }
}
