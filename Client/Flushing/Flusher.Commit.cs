using ClaudeFs.Client.Buffers;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Client.Sessions;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Flushing;

// Fill, commit, and how a round ends.
internal sealed partial class Flusher
{
    // A page that was written in part takes the rest from what is committed: pieces are whole pages.
    private async ValueTask FillAsync(CachedInode inode, FileContent content, FlushRound round)
    {
        Memory<byte> scratch = default;
        const int page = Limits.LocatedBytes;
        foreach (var chunk in round.Chunks)
        {
            var length = (int)Math.Min(Limits.ChunkBytes, round.SizeBytes - chunk.Offset);
            if (chunk.Valid.Covers(0, length)) continue;
            for (var start = 0; start < length; start += page)
            {
                var end = Math.Min(length, start + page);
                if (!chunk.Valid.Intersects(start, end) || chunk.Valid.Covers(start, end)) continue;
                if (scratch.IsEmpty) scratch = context.Slabs.RentPage();
                var old = scratch[..(end - start)];
                FsError error;
                do error = await maps.ReadCommittedAsync(inode, content, chunk.Offset + start, old);
                while (MayAskAgain(inode, error));
                if (error == FsError.None) FillPage(inode, content, chunk, start, old.Span);
                else round.LostError = error;
            }
        }

        if (!scratch.IsEmpty) context.Slabs.Return(scratch);
    }

    private static void FillPage(
        CachedInode inode, FileContent content, DirtyChunk chunk, int start, ReadOnlySpan<byte> bytes)
    {
        lock (inode.Sync)
        {
            var (position, end) = (start, start + bytes.Length);
            while (position < end)
            {
                var kind = chunk.Valid.TryFindAt(position, out var runStart, out var runEnd);
                if (kind == RunKind.Present)
                {
                    position = runEnd;
                    continue;
                }

                var stop = kind == RunKind.Later ? Math.Min(end, runStart) : end;
                bytes[(position - start)..(stop - start)].CopyTo(chunk.Bytes(position, stop - position).Span);
                position = stop;
            }

            content.Buffer.CountFilled(chunk.Valid.Add(start, end));
        }
    }

    private async ValueTask<FsError> CommitAsync(
        CachedInode inode, FileContent content, FlushRound round, PutResult put, AckMode ack, bool mayPutAgain = false)
    {
        var request = Request(inode, round, put);
        var (reply, ticket) = await SendAsync(inode, request, ack);
        if (reply.Error == FsError.EAGAIN && mayPutAgain) return FsError.EAGAIN;
        var isTooMuch = reply.Error is FsError.EDQUOT or FsError.ENOSPC;
        if (isTooMuch && put.Updates.Length > 1) return await CommitPartsAsync(inode, content, round, put, ack);

        var lost = put.Error == FsError.None ? round.LostError : put.Error;
        lock (inode.Sync)
        {
            if (reply.IsError)
            {
                Lose(inode, content, round, reply.Error);
                return reply.Error;
            }

            Learn(inode, content, request, reply.Value, ticket);
            if (lost == FsError.None) End(inode, content, round);
            else Lose(inode, content, round, lost);
        }

        context.Instruments.Flushes.Add(1);
        return lost;
    }

    // What fits is kept: the parts of a round that was refused as a whole are tried one by one.
    private async ValueTask<FsError> CommitPartsAsync(
        CachedInode inode, FileContent content, FlushRound round, PutResult put, AckMode ack)
    {
        var error = put.Error;
        foreach (var update in put.Updates)
        {
            var request = Request(inode, round, put with { Updates = [update] });
            var (reply, ticket) = await SendAsync(inode, request, ack);
            if (reply.IsError) error = reply.Error;
            else lock (inode.Sync) Learn(inode, content, request, reply.Value, ticket);
        }

        lock (inode.Sync)
        {
            if (error == FsError.None) End(inode, content, round);
            else Lose(inode, content, round, error);
        }

        return error;
    }

    private static WriteRequest Request(CachedInode inode, FlushRound round, PutResult put)
    {
        ulong size;
        lock (inode.Sync) size = inode.Server.SizeBytes;
        if (round.Inline is not null) size = (ulong)round.Inline.Length;
        foreach (var update in put.Updates)
        {
            var end = ((ulong)update.Index * Limits.ExtentBytes) + update.Pieces[^1].End;
            size = Math.Max(size, end);
        }

        return new WriteRequest(round.Inline, put.Updates, size, round.WriteTime, round.KillPrivileges, put.OldestPin)
        {
            Also = round.Also,
        };
    }

    private async ValueTask<(FsResult<AttributesReply> Reply, Ticket Ticket)> SendAsync(
        CachedInode inode, WriteRequest request, AckMode ack)
    {
        ClientSession? under;
        lock (inode.Sync)
        {
            inode.MarkChanged(context.Nodes.MoveFence(), isStale: false);
            under = inode.Session;
        }

        var ticket = leases.Begin(inode);
        var reply = await context.Caller.MutateAsync(
            inode.Id, Caller.Root, Sent(ack), (Grain: leases.File(inode), Request: request),
            static (send, op) => send.Grain.WriteAsync(op, send.Request), CancellationToken.None, under,
            keepsAgain: true, isPatient: true);
        return (reply, ticket);
    }

    private AckMode Sent(AckMode ack) => ack == AckMode.Commit ? ack : context.Options.Ack;

    private void Learn(
        CachedInode inode, FileContent content, WriteRequest request, AttributesReply reply, in Ticket ticket)
    {
        if (!leases.Learn(inode, reply.Attributes, reply.Lease, ticket)) content.Map.Forget();
        else if (request.Inline is not null) content.Map.SetInline(request.Inline);
        else content.Map.Apply(request.Updates);
        inode.MarkChanged(context.Nodes.MoveFence(), isStale: false);
    }

    // The round is committed: whole chunks go on to the cache with their memory, for who reads what was just written.
    private void End(CachedInode inode, FileContent content, FlushRound round)
    {
        var held = content.Buffer.HeldBytes;
        content.Buffer.EndFlush(KeepInCache);
        context.Memory.Change(content.Buffer.HeldBytes - held);
        if (content.Buffer.IsEmpty) ReleaseSpace(content);
        content.NoteSent(round.Also, round.KillPrivileges, round.WriteTime);

        // What came meanwhile is as old as this round's end.
        content.DirtySince = 0;
        context.NoteDirt(inode, content);
    }

    private void Lose(CachedInode inode, FileContent content, FlushRound round, FsError error)
    {
        // Who wrote cannot do anything about a lease or an inode that is gone: to them it is a failed write.
        if (error is FsError.ESTALE or FsError.EAGAIN or FsError.None) error = FsError.EIO;
        NoteLost(inode, content, round.HeldBytes, error);
        var held = content.Buffer.HeldBytes;
        content.Buffer.EndFlush();
        context.Memory.Change(content.Buffer.HeldBytes - held);
        content.NoteClean();
        if (content.Buffer.IsEmpty) ReleaseSpace(content);

        // The commit's outcome may be unknown: what is known of the file is asked for again.
        content.Map.Forget();
        inode.Doubt(context.Nodes.MoveFence());
        context.NoteDirt(inode, content);
    }

    private void NoteLost(CachedInode inode, FileContent content, long bytes, FsError error)
    {
        if (content.IsAbandoned) return;
        content.Fail(error);
        context.Dependencies.Logger.WritesLost(inode.Id, bytes, error);
        context.Instruments.FlushFailures.Add(1);
        context.Instruments.LostBytes.Add(bytes);
    }

    private bool KeepInCache(DirtyChunk chunk)
    {
        if (!context.Options.KeepsWrittenChunks) return false;
        if (chunk.StoredAt.IsNone || !chunk.Valid.Covers(0, Limits.ChunkBytes)) return false;
        var slab = chunk.TakeWholeSlab();
        if (slab.IsEmpty) return false;
        if (!context.Chunks.TryInsert(chunk.StoredAt, slab, Limits.ChunkBytes)) context.Slabs.Return(slab);
        return true;
    }

    // The store has taken it from this client's reservation, also when the commit fails or the round is put again.
    private void Spend(FileContent content, long spaceBytes)
    {
        var fromFile = Math.Min(content.ReservedBytes, spaceBytes);
        content.ReservedBytes -= fromFile;
        context.Space.Spend(spaceBytes - fromFile);
    }

    private void ReleaseSpace(FileContent content)
    {
        if (content.ReservedBytes > 0) context.Space.Return(content.ReservedBytes);
        content.ReservedBytes = 0;
    }

    private async ValueTask<FlushOutcome> SendTimesAsync(
        CachedInode inode, FileContent content, AckMode ack, FlushOutcome outcome)
    {
        AttributesChange also;
        ClientSession? under;
        lock (inode.Sync)
        {
            (also, under) = (content.Also, inode.Session);
            if (also.Mask == AttributeMask.None) return outcome;
            inode.MarkChanged(context.Nodes.MoveFence(), isStale: false);
        }

        var ticket = leases.Begin(inode);
        var reply = await context.Caller.MutateAsync(
            inode.Id, Caller.Root, Sent(ack), (Grain: leases.Operations(inode), Change: also),
            static (send, op) => send.Grain.SetAttributesAsync(op, send.Change), CancellationToken.None, under,
            isPatient: true);
        lock (inode.Sync)
        {
            if (reply.IsError)
            {
                context.Dependencies.Logger.TimesLost(inode.Id, reply.Error);
                content.TakeAlso();
                inode.Doubt(context.Nodes.MoveFence());
                context.NoteDirt(inode, content);
                return outcome.Error == FsError.None ? new(reply.Error, false) : outcome;
            }

            leases.Learn(inode, reply.Value.Attributes, reply.Value.Lease, ticket);
            inode.MarkChanged(context.Nodes.MoveFence(), isStale: false);
            content.NoteSent(also, false, Stamp.Zero);
            context.NoteDirt(inode, content);
        }

        return outcome with { IsCommitted = outcome.IsCommitted || ack == AckMode.Commit };
    }
}
