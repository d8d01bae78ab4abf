namespace ClaudeFs.Platform.Devices;

/// <summary>How a file is used as a device.</summary>
public sealed class FileBlockDeviceOptions
{
    /// <summary>Create the file (mode 0600) when it is missing; otherwise that is ENOENT.</summary>
    public bool Create { get; init; }

    /// <summary>Ask for O_DIRECT; where the file system refuses it the device falls back to the page cache.</summary>
    public bool Direct { get; init; } = true;

    /// <summary>Open for reading only, as fsck does: writes, flushes and growth are refused.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>
    /// Transfers up to this many bytes run on the caller's thread, which blocks for them; longer ones on the thread
    /// pool. A hop costs 7 to 14 µs, a 4 KiB transfer about 60 µs of waiting.
    /// </summary>
    public int InlineBytesMax { get; init; }
}
