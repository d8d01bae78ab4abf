using ClaudeFs.DataPlane.Storage.Format;

namespace ClaudeFs.DataPlane.Storage.Segments;

/// <summary>One of the segments that take puts of a kind at the same time.</summary>
internal sealed class OpenLane(SegmentKind kind)
{
    public SegmentKind Kind { get; } = kind;

    /// <summary>The segment being filled; null before the first put, and when the last one was full.</summary>
    public Segment? Segment { get; set; }

    /// <summary>Puts that use it now; a new one takes the lane with the fewest.</summary>
    public int Users { get; set; }
}

/// <summary>Adjoining items of one put in one segment: one write.</summary>
/// <param name="Segment">Where they go.</param>
/// <param name="OffsetBytes">Where in it.</param>
/// <param name="LengthBytes">Whole blocks.</param>
/// <param name="FirstItem">Index of the first item in its put.</param>
/// <param name="Count">How many items.</param>
/// <param name="IsFirst">Whether the segment was opened for it: its table entry is written first.</param>
internal readonly record struct WriteRun(
    Segment Segment, int OffsetBytes, int LengthBytes, int FirstItem, int Count, bool IsFirst);
