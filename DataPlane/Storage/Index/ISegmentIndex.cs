using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Index;

/// <summary>What the index says beside its rows.</summary>
/// <param name="FileSystem">The file system it belongs to; none when the index is new.</param>
/// <param name="DeviceId">The device it belongs to.</param>
/// <param name="Cursor">The append up to which the counts of all rows stand.</param>
/// <param name="Stamp">Stamp of that append.</param>
public readonly record struct SegmentIndexState(FileSystemId FileSystem, ulong DeviceId, ulong Cursor, Stamp Stamp)
{
    /// <summary>Whether nothing was ever committed.</summary>
    public bool IsNew => FileSystem.IsNone;
}

/// <summary>
/// Keeps a row a segment, with the reference counts of its items, and the cursor, together: what was committed last is
/// there after a crash, whole. One call at a time.
/// </summary>
public interface ISegmentIndex : IAsyncDisposable
{
    /// <summary>For messages: the path of the file.</summary>
    string Name { get; }

    /// <summary>
    /// Reads everything. Throws <see cref="FsException"/>: EINVAL (another version), EIO (damaged).
    /// </summary>
    SegmentIndexState Load(Action<SegmentRow> onRow);

    /// <summary>
    /// Puts and removes rows and sets the state in one transaction, on stable storage when it returns. Throws
    /// <see cref="FsException"/>: EIO, ENOSPC; nothing of it is there then.
    /// </summary>
    void Commit(in SegmentIndexState state, IReadOnlyList<SegmentRow> changed, IReadOnlyList<SegmentId> removed);
}
