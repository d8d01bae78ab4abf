namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>What a segment is filled with: things that die together lie together. Numbers are on disk.</summary>
public enum SegmentKind : byte
{
    /// <summary>Chunks, named by fingerprints.</summary>
    Chunks = 0,

    /// <summary>Located writes of up to 4 KiB, which the next overwrite makes garbage.</summary>
    Located = 1,

    /// <summary>Items that compaction moved here; they keep the locations of their first segments.</summary>
    Moved = 2,
}
