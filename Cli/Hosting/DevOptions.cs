using System.Net;
using ClaudeFs.Grains;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Cli.Hosting;

/// <summary>What `cfs dev` was asked for.</summary>
internal sealed class DevOptions
{
    public required string MountPoint { get; init; }
    public required string DataDirectory { get; init; }

    /// <summary>Size of the file system in bytes; 0: half of the free space, or what the data directory has.</summary>
    public long SizeBytes { get; init; }

    public bool NonEmpty { get; init; }
    public required IPEndPoint Listen { get; init; }
    public required IPEndPoint Admin { get; init; }

    /// <summary>When the mount's changes are answered.</summary>
    public required AckMode Ack { get; init; }

    /// <summary>From the end of one scrub to the beginning of the next; zero: none is scheduled.</summary>
    public TimeSpan ScrubEvery { get; init; }

    /// <summary>Bytes a second that a scheduled scrub reads at most; 0: no limit.</summary>
    public long ScrubRate { get; init; }

    public LogLevel LogLevel { get; init; }
    public bool ShowStatusLine { get; init; }
}
