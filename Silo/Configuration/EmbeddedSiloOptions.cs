using System.Net;

namespace ClaudeFs.Silo.Configuration;

/// <summary>How a silo of one is started: the embedded store on one data directory.</summary>
public sealed class EmbeddedSiloOptions
{
    /// <summary>Smallest file system, bytes.</summary>
    public const long SizeBytesMin = 64L << 20;

    /// <summary>Where everything is kept; made if missing.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Size of the file system in bytes; 0: as it is, or half of the free space for a new one.</summary>
    public long SizeBytes { get; init; }

    /// <summary>User that owns the root of a file system that is made.</summary>
    public uint RootUid { get; init; }

    /// <summary>Its group.</summary>
    public uint RootGid { get; init; }

    /// <summary>Where clients connect; null: nowhere. Port 0 takes a free one.</summary>
    public IPEndPoint? Listen { get; init; }

    /// <summary>How long a client's leases hold after its last keepalive.</summary>
    public TimeSpan SessionTerm { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>From the end of one scrub to the beginning of the next; zero: none is scheduled.</summary>
    public TimeSpan ScrubEvery { get; init; }

    /// <summary>Bytes a second that a scheduled scrub reads at most; 0: no limit.</summary>
    public long ScrubRate { get; init; }

    /// <summary>Told how far a new device is written: bytes done and in all.</summary>
    public IProgress<long>? FormatProgress { get; init; }
}
