using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Storage;

/// <summary>What a metadata store stands on. The store disposes log and rows; the rest stays its maker's.</summary>
public sealed record MetadataSeams(
    ILogTable Log, IRowTable Rows, ICoordination Coordination, ILoopFactory Loops, TimeProvider Time, ILogger Logger)
{
    /// <summary>Follows the references of the log; null when there is no block store.</summary>
    public IReferenceFeed? Feed { get; init; }

    /// <summary>Verifies the data of the last append; null when log and data do not share a flush.</summary>
    public IStoredDataVerifier? Verifier { get; init; }
}
