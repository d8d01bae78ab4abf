namespace ClaudeFs.Grains.Storage;

/// <summary>What was done, for those who follow the log. The numbers are in the log: never reused.</summary>
public enum OperationKind : byte
{
    None = 0,

    /// <summary>An operation that came to nothing: only fills its place in the shard's sequence.</summary>
    GapFilled = 1,
    FileSystemMade = 2,
    EntryMade = 3,
    EntryLinked = 4,
    EntryRemoved = 5,
    DirectoryRemoved = 6,
    EntryRenamed = 7,
    EntriesExchanged = 8,
    AttributesSet = 9,
    ContentWritten = 10,
    ContentTruncated = 11,
    RangeAllocated = 12,
    XattrSet = 13,
    XattrRemoved = 14,
    OrphanForgotten = 15,
    OrphanFreed = 16,
    SessionOpened = 17,
    SessionClosed = 18,
    SessionEntered = 19,
    QuotaSet = 20,
    EntriesLoaded = 21,
}
