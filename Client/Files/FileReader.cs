using ClaudeFs.Client.Content;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Files;

/// <summary>
/// Reads files under read leases: buffered bytes over committed pieces over zeros. What is in memory is answered at
/// once.
/// Thread-safe.
/// </summary>
internal sealed class FileReader(ClientContext context, InodeLeases leases, ContentMaps maps)
{
    private const int StaleRetriesMax = 3;
    private const int SizeRetriesMax = 64;

    // A plan is in use by one read at a time; a read that has to wait takes it along and leaves none behind.
    [ThreadStatic]
    private static ReadPlan? t_plan;

    private enum Planned
    {
        Ready,
        NeedsLease,
        NeedsMap,
    }

    /// <summary>
    /// Reads up to the destination's length; less only at the end. Errors: EIO, ESTALE, ETIMEDOUT, EINTR.
    /// </summary>
    public ValueTask<FsResult<int>> ReadAsync(
        FileHandle? handle, CachedInode inode, long offset, Memory<byte> destination,
        CancellationToken cancellationToken)
    {
        if (offset < 0) return new(FsError.EINVAL);
        var plan = t_plan ?? new ReadPlan();
        t_plan = null;
        var planned = Plan(inode, offset, destination.Span, plan, out var count, out var size);
        if (planned == Planned.Ready && context.Reader.TryFinishFromMemory(plan, destination.Span))
        {
            t_plan = plan;
            Finish(handle, inode, offset, count, size);
            return new(count);
        }

        return FetchAsync(handle, inode, offset, destination, plan, cancellationToken);
    }

    // What is buffered is copied and what is a hole cleared under the lock; what is stored goes into the plan.
    private Planned Plan(
        CachedInode inode, long offset, Span<byte> destination, ReadPlan plan, out int count, out long size)
    {
        (count, size) = (0, 0);
        plan.Clear();
        lock (inode.Sync)
        {
            if (!inode.CanAnswer(context.Sessions.Current)) return Planned.NeedsLease;
            size = (long)inode.Visible.SizeBytes;
            if (offset >= size) return Planned.Ready;
            count = (int)Math.Min(destination.Length, size - offset);
            var content = context.ContentOf(inode);
            var (position, end) = (offset, offset + count);
            while (position < end)
            {
                var isBuffered = content.Buffer.TryFindRun(position, end, out var run);
                var gapEnd = isBuffered ? run.Start : end;
                var isKnown = gapEnd <= position || content.Map.TryPlan(position, gapEnd, offset, destination, plan);
                if (!isKnown) return Planned.NeedsMap;
                if (!isBuffered) break;
                Buffers.WriteBuffer.Copy(run, destination[(int)(run.Start - offset)..]);
                position = run.End;
            }

            return Planned.Ready;
        }
    }

    private async ValueTask<FsResult<int>> FetchAsync(
        FileHandle? handle, CachedInode inode, long offset, Memory<byte> destination, ReadPlan plan,
        CancellationToken cancellationToken)
    {
        for (var (stale, attempt) = (0, 0); attempt < SizeRetriesMax; attempt++)
        {
            var planned = Plan(inode, offset, destination.Span, plan, out var count, out var size);
            if (planned != Planned.Ready)
            {
                var error = planned == Planned.NeedsLease
                    ? await leases.AcquireAsync(inode, LeaseMode.Read, cancellationToken)
                    : await LoadMapAsync(inode, plan.MissingExtent, size);
                if (error == FsError.EROFS) return await maps.ReadOnceAsync(inode, offset, destination);
                if (error is not (FsError.None or FsError.EAGAIN)) return error;
                continue;
            }

            var read = await context.Reader.ReadAsync(plan, destination, cancellationToken);
            if (read.Error == FsError.ESTALE && stale++ < StaleRetriesMax)
            {
                lock (inode.Sync) inode.Content?.Map.Forget();
                continue;
            }

            if (read.IsError) return read.Error == FsError.ESTALE ? FsError.EIO : read.Error;
            Finish(handle, inode, offset, count, size);
            return count;
        }

        return FsError.EIO;
    }

    private ValueTask<FsError> LoadMapAsync(CachedInode inode, uint first, long size)
    {
        FileContent content;
        lock (inode.Sync) content = context.ContentOf(inode);
        var last = (uint)Math.Max(0, (size - 1) / Limits.ExtentBytes);
        return maps.LoadAsync(inode, content, first, last < first ? 1 : last - first + 1);
    }

    private void Finish(FileHandle? handle, CachedInode inode, long offset, int count, long size)
    {
        context.Instruments.ReadBytes.Add(count);
        if (handle is null || count == 0 || context.Options.ReadAheadBytesMax == 0) return;
        var (from, to) = handle.ReadAhead.Next(offset, offset + count, size, context.Options.ReadAheadBytesMax);
        if (to > from) Prefetch(inode, from, to);
    }

    private void Prefetch(CachedInode inode, long from, long to)
    {
        var pieces = new List<ExtentPiece>();
        bool isKnown;
        lock (inode.Sync) isKnown = inode.Content is { } content && content.Map.TryCollect(from, to, pieces);
        if (!isKnown) return;
        foreach (var piece in pieces)
        {
            if (!context.Chunks.Contains(piece.Location)) context.Chunks.Prefetch(piece);
        }
    }
}
