using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>Loads maps of files from their grains and reads committed content through them. Thread-safe.</summary>
internal sealed class ContentMaps(ClientContext context, InodeLeases leases)
{
    private const int StaleRetriesMax = 3;

    /// <summary>
    /// Learns the pieces of extents [<paramref name="first"/>, + <paramref name="count"/>). An answer that a change of
    /// the
    /// client's own overtook is asked for again. Errors: ESTALE, EISDIR, EIO and the caller's; EAGAIN when no lease is
    /// held any more under which it could be kept.
    /// </summary>
    public async ValueTask<FsError> LoadAsync(CachedInode inode, FileContent content, uint first, uint count)
    {
        count = Math.Clamp(count, 1, Limits.ExtentsPerMapMax);
        while (true)
        {
            var ticket = leases.Begin(inode);
            var reply = await context.Caller.QueryAsync(
                (Grain: leases.File(inode), First: first, Count: count),
                static (ask, session) => ask.Grain.GetMapAsync(session, ask.First, ask.Count), CancellationToken.None);
            if (reply.IsError) return reply.Error;
            lock (inode.Sync)
            {
                // While the session's term has run out, or it comes back, the next round waits for it.
                if (context.Sessions.Current is { IsReturning: true }) continue;
                var isLeft = context.Sessions.Current is { IsValid: true } session && inode.HeldNumber(session) == 0;
                if (isLeft || inode.Mode == LeaseMode.None) return FsError.EAGAIN;
                if (inode.ChangedAt > ticket.Fence || !inode.IsStillHeld(ticket.Lease, ticket.Session)) continue;
                inode.Learn(reply.Value.Attributes, ticket.Fence);
                content.Map.Learn(reply.Value, first, count);
                return FsError.None;
            }
        }
    }

    /// <summary>
    /// Reads what a store that only reads has committed, without a lease: up to the destination's length, less at the
    /// end. Nothing is kept. Errors: the caller's, and EIO when blocks cannot be read.
    /// </summary>
    public async ValueTask<FsResult<int>> ReadOnceAsync(CachedInode inode, long offset, Memory<byte> destination)
    {
        var (map, plan) = (new ExtentMap(), new ReadPlan());
        for (var first = (uint)(offset / Limits.ExtentBytes); ; first = plan.MissingExtent)
        {
            var last = (uint)((offset + destination.Length) / Limits.ExtentBytes);
            var count = Math.Clamp(last - first + 1, 1, Limits.ExtentsPerMapMax);
            var reply = await context.Caller.QueryAsync(
                (Grain: leases.File(inode), First: first, Count: count),
                static (ask, session) => ask.Grain.GetMapAsync(session, ask.First, ask.Count), CancellationToken.None);
            if (reply.IsError) return reply.Error;
            map.Learn(reply.Value, first, count);
            var size = (long)reply.Value.Attributes.SizeBytes;
            if (offset >= size) return 0;
            destination = destination[..(int)Math.Min(destination.Length, size - offset)];
            plan.Clear();
            if (map.TryPlan(offset, offset + destination.Length, offset, destination.Span, plan)) break;
        }

        var read = await context.Reader.ReadAsync(plan, destination, CancellationToken.None);
        return read.IsError ? read.Error == FsError.ESTALE ? FsError.EIO : read.Error : destination.Length;
    }

    /// <summary>
    /// Fills <paramref name="destination"/> with the committed bytes at <paramref name="offset"/>; zeros where there
    /// are none.
    /// Errors: as <see cref="LoadAsync"/>, and EIO when blocks cannot be read.
    /// </summary>
    public async ValueTask<FsError> ReadCommittedAsync(
        CachedInode inode, FileContent content, long offset, Memory<byte> destination)
    {
        var plan = new ReadPlan();
        for (var attempt = 0; ; attempt++)
        {
            bool isPlanned;
            lock (inode.Sync)
            {
                plan.Clear();
                isPlanned = content.Map.TryPlan(offset, offset + destination.Length, offset, destination.Span, plan);
            }

            if (!isPlanned)
            {
                var error = await LoadAsync(inode, content, plan.MissingExtent, 1);
                if (error != FsError.None) return error;
                continue;
            }

            var read = await context.Reader.ReadAsync(plan, destination, CancellationToken.None);
            if (read.Error != FsError.ESTALE) return read.Error;
            if (attempt >= StaleRetriesMax) return FsError.EIO;
            lock (inode.Sync) content.Map.Forget();
        }
    }
}
