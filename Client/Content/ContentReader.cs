using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>Carries out read plans: from the chunk cache, or whole chunks straight into the destination.
/// Thread-safe.</summary>
internal sealed class ContentReader(IBlockClient blocks, ChunkCache cache, ClientInstruments instruments)
{
    private static readonly Task<FsResult<Nothing>> Done = Task.FromResult<FsResult<Nothing>>(Nothing.Value);

    /// <summary>Copies what is in memory and drops it from the plan; true when nothing is left to fetch.</summary>
    public bool TryFinishFromMemory(ReadPlan plan, Span<byte> destination)
    {
        if (plan.IsLost) return false;
        for (var i = 0; i < plan.Count; i++)
        {
            var segment = plan[i];
            var part = destination.Slice(segment.Destination, segment.Length);
            if (!cache.TryCopy(segment.Piece.Location, segment.Skip, part)) return false;
        }

        return true;
    }

    /// <summary>
    /// Fetches every segment, several at once. Errors: EIO (damaged, or known to be lost), ESTALE (a location is gone:
    /// the plan rests on an old map).
    /// </summary>
    public async ValueTask<FsResult<Nothing>> ReadAsync(
        ReadPlan plan, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (plan.IsLost) return FsError.EIO;
        if (plan.Count == 0) return Nothing.Value;
        if (plan.Count == 1) return await StartAsync(plan[0], destination, cancellationToken);

        var error = FsError.None;
        var window = new Task<FsResult<Nothing>>[Math.Min(plan.Count, Limits.BlockReadsInFlightMax)];
        for (var next = 0; next < plan.Count + window.Length; next++)
        {
            // Every started read is awaited, whatever became of the others: they write into the caller's buffer.
            if (next >= window.Length)
            {
                var finished = await window[next % window.Length];
                if (finished.IsError) error = finished.Error;
            }

            if (next < plan.Count && error == FsError.None)
            {
                window[next % window.Length] = StartAsync(plan[next], destination, cancellationToken).AsTask();
            }
            else
            {
                window[next % window.Length] = Done;
            }
        }

        return error == FsError.None ? Nothing.Value : error;
    }

    private async ValueTask<FsResult<Nothing>> StartAsync(
        ReadSegment segment, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var part = destination.Slice(segment.Destination, segment.Length);
        var piece = segment.Piece;
        try
        {
            if (cache.TryCopy(piece.Location, segment.Skip, part.Span)) return Nothing.Value;
            var isWhole = segment.Skip == 0 && segment.Length == piece.StoredBytes && piece.Codec == 0;
            if (!isWhole || cache.Contains(piece.Location)) return await cache.ReadAsync(segment, part);

            instruments.ChunkMisses.Add(1);
            return await blocks.ReadAsync(piece.Location, piece.Checksum, part, cancellationToken);
        }
        catch (FsException fault)
        {
            return fault.Error;
        }
        catch (OperationCanceledException)
        {
            return FsError.EINTR;
        }
    }
}
