using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Check;

/// <summary>Who has everything read that is stored: hears what was found, and says how fast.</summary>
public interface IScrubObserver
{
    /// <summary>So many bytes were read; completes when the next ones may be.</summary>
    ValueTask ReadAsync(long bytes, CancellationToken cancellationToken);

    /// <summary>Something is not as it was stored.</summary>
    /// <param name="finding">What and where.</param>
    /// <param name="lost">The item that files refer to; null when no file is harmed.</param>
    void Found(CheckFinding finding, ChunkLocation? lost);
}
