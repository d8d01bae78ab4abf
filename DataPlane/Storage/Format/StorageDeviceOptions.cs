using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>How a device is opened.</summary>
public sealed class StorageDeviceOptions
{
    /// <summary>
    /// What the device may grow to, bytes; at least 64 MiB with segments of 2 MiB. 0 keeps what an existing device has.
    /// Less than it has is refused: a device never shrinks.
    /// </summary>
    public long CapacityBytes { get; init; }

    /// <summary>The file system that the device belongs to; none accepts what an existing device says.</summary>
    public FileSystemId FileSystem { get; init; }

    /// <summary>Whether an empty file is formatted; otherwise it is refused.</summary>
    public bool Format { get; init; } = true;

    /// <summary>Only read, as fsck does: nothing is written, not even the count of opens.</summary>
    public bool ReadOnly { get; init; }

    /// <summary>Segment size of a new device; 2 MiB but in tests.</summary>
    public int SegmentBytes { get; init; } = Limits.SegmentBytes;

    /// <summary>When a new device says it was made.</summary>
    public Stamp Created { get; init; }

    /// <summary>Told how far a new device is written, bytes.</summary>
    public IProgress<long>? Progress { get; init; }
}
