using Microsoft.Extensions.Logging;

namespace ClaudeFs.Cli.Hosting;

/// <summary>What `cfs mount` was asked for.</summary>
internal sealed class MountOptions
{
    public required string MountPoint { get; init; }
    public required IReadOnlyList<string> Endpoints { get; init; }
    public bool NonEmpty { get; init; }
    public long WriteBufferBytes { get; init; }
    public long ReadAheadBytesMax { get; init; }

    /// <summary>Path of the log, or null: standard error.</summary>
    public string? LogFile { get; init; }

    public LogLevel LogLevel { get; init; }
    public bool ShowStatusLine { get; init; }
}
