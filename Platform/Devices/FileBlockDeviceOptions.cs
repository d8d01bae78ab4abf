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

    /// <summary>Growth leaves at least this much of the file system for others; making the file does not.</summary>
    public long SpareBytes { get; init; }

    /// <summary>
    /// A transfer of up to this many bytes runs on the caller's thread, which blocks for it, when no other one does;
    /// longer ones, and those beside it, on the thread pool. A hop costs 7 to 14 µs of work, and 25 µs of waiting
    /// between idle cores; a 4 KiB transfer takes 30 to 60 µs.
    /// </summary>
    public int InlineBytesMax { get; init; }

    /// <summary>
    /// A write of up to this many bytes goes through the page cache, which sends it to the disk at once and does not
    /// wait for it: the next flush does, and tells its error. 4 KiB cost 5 to 10 µs so, and the disk's part of it
    /// passes beside what the caller does next; zero waits for every write.
    /// </summary>
    public int WriteBehindBytesMax { get; init; }
}
