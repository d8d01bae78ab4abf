using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>One stored piece that a read needs.</summary>
/// <param name="Destination">Where its bytes go, relative to the read's buffer.</param>
/// <param name="Length">How many bytes.</param>
/// <param name="Skip">Where in the decoded bytes they begin.</param>
/// <param name="Piece">Where they are stored.</param>
internal readonly record struct ReadSegment(int Destination, int Length, int Skip, ExtentPiece Piece);

/// <summary>
/// What a read has to fetch after buffered bytes were copied and holes cleared. Pooled by its user; not thread-safe.
/// </summary>
internal sealed class ReadPlan
{
    private readonly List<ReadSegment> _segments = [];

    /// <summary>Pieces to fetch, ascending.</summary>
    public IReadOnlyList<ReadSegment> Segments => _segments;

    /// <summary>How many.</summary>
    public int Count => _segments.Count;

    /// <summary>The segment at an index.</summary>
    public ReadSegment this[int index] => _segments[index];

    /// <summary>When planning failed: the first extent whose pieces are not known.</summary>
    public uint MissingExtent { get; set; }

    /// <summary>Whether a part of the range was lost: the read is EIO.</summary>
    public bool IsLost { get; set; }

    /// <summary>Adds a piece to fetch.</summary>
    public void Add(in ReadSegment segment) => _segments.Add(segment);

    /// <summary>Forgets everything, for another read.</summary>
    public void Clear()
    {
        _segments.Clear();
        MissingExtent = 0;
        IsLost = false;
    }
}
