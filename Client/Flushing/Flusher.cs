using ClaudeFs.Client.Buffers;
using ClaudeFs.Client.Content;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;
using ClaudeFs.Reduction.Hashing;

namespace ClaudeFs.Client.Flushing;

/// <summary>
/// Commits what is buffered: rounds of up to 8 MiB, each filled to whole pages, put to the block store and made part of
/// the
/// file by one grain call. What cannot be stored is dropped, logged, and reported by the next fsync or close; what has
/// no answer because the silo is away waits, and is sent again under its number, until the session is over.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Invariants: a file's rounds run one after another, inside its gate. The bytes of a round do not change while it
/// runs:
/// later writes go to the other layer. Lock order: gate, inode's lock.
/// </remarks>
internal sealed partial class Flusher(
    ClientContext context, InodeLeases leases, ContentMaps maps, IReadOnlyList<ILoop> loops)
{
    private const long HashInlineBytes = 256 * 1024;

    private ChunkNamer? _namer;
    private ClaudeFs.Client.Sessions.ClientSession? _namerSession;

    /// <summary>
    /// Commits everything written before the call. With <paramref name="ack"/> Commit it is durable on return; Error
    /// says
    /// what this call lost, and the inode remembers it too.
    /// </summary>
    public async ValueTask<FlushOutcome> FlushAsync(CachedInode inode, AckMode ack)
    {
        FileContent? content;
        lock (inode.Sync)
        {
            content = inode.Content;
            if (content is null || !content.IsDirty) return default;
        }

        await content.Gate.EnterAsync();
        try
        {
            return await FlushInsideAsync(inode, content, ack);
        }
        finally
        {
            content.Gate.Exit();
        }
    }

    /// <summary>
    /// As <see cref="FlushAsync"/>, but waits no longer than <paramref name="timeout"/>: then the error is ETIMEDOUT,
    /// nothing is lost, and the flush goes on until it is through or the session is over.
    /// </summary>
    public async ValueTask<FlushOutcome> FlushWithinAsync(CachedInode inode, AckMode ack, TimeSpan timeout)
    {
        if (timeout == Timeout.InfiniteTimeSpan || !inode.TryPin()) return await FlushAsync(inode, ack);
        var flush = FlushAndUnpinAsync(inode, ack);
        if (flush.IsCompleted) return await flush;
        try
        {
            return await flush.WaitAsync(timeout, context.Dependencies.Time);
        }
        catch (TimeoutException)
        {
            return new(FsError.ETIMEDOUT, false);
        }
    }

    private async Task<FlushOutcome> FlushAndUnpinAsync(CachedInode inode, AckMode ack)
    {
        try
        {
            return await FlushAsync(inode, ack);
        }
        finally
        {
            inode.Unpin();
        }
    }

    /// <summary>As <see cref="FlushAsync"/>, for who is inside the gate already.</summary>
    public async ValueTask<FlushOutcome> FlushInsideAsync(CachedInode inode, FileContent content, AckMode ack)
    {
        ulong upTo;
        lock (inode.Sync) upTo = content.Buffer.LastWrite;
        var outcome = default(FlushOutcome);
        while (true)
        {
            var unknown = await KnowFirstExtentAsync(inode, content);
            if (unknown != FsError.None) return new(unknown, false);
            FlushRound? round;
            lock (inode.Sync) round = TakeRound(inode, content, upTo, wholeOnly: false);
            if (round is null) break;
            var error = await RunAsync(inode, content, round, round.IsLast ? ack : AckMode.Applied);
            var isCommitted = round.IsLast && ack == AckMode.Commit && error == FsError.None;
            outcome = new(error == FsError.None ? outcome.Error : error, isCommitted);
        }

        return await SendTimesAsync(inode, content, ack, outcome);
    }

    /// <summary>
    /// Commits whole chunks of a file that is being streamed, or where there are none what there is, while there is
    /// much.
    /// </summary>
    public async ValueTask StreamAsync(CachedInode inode, FileContent content)
    {
        // The gate is left between rounds: who waits to close, truncate or give back comes in between.
        while (await StreamRoundAsync(inode, content))
        {
        }
    }

    private async ValueTask<bool> StreamRoundAsync(CachedInode inode, FileContent content)
    {
        await content.Gate.EnterAsync();
        try
        {
            var unknown = await KnowFirstExtentAsync(inode, content);
            FlushRound? round;
            lock (inode.Sync)
            {
                content.IsFlushPosted = false;
                var isMuch = content.Buffer.CurrentBytes >= context.Options.StreamFlushBytes;
                if (unknown != FsError.None || !isMuch) return false;
                var last = content.Buffer.LastWrite;
                round = TakeRound(inode, content, last, wholeOnly: true)
                    ?? TakeRound(inode, content, last, wholeOnly: false);
                content.IsFlushPosted = round is not null;
            }

            if (round is null) return false;
            await RunAsync(inode, content, round, AckMode.Applied);
            return true;
        }
        finally
        {
            content.Gate.Exit();
        }
    }

    /// <summary>Drops everything buffered as lost: the lease under which it was written is gone.</summary>
    public void Drop(CachedInode inode, FsError error)
    {
        lock (inode.Sync)
        {
            if (inode.Content is not { } content) return;
            var lost = content.Buffer.ValidBytes;
            if (content.Buffer.HasCurrent)
            {
                var held = content.Buffer.HeldBytes;
                content.Buffer.DropCurrent();
                context.Memory.Change(content.Buffer.HeldBytes - held);
                NoteLost(inode, content, lost, error);
            }

            content.GiveUp();
            ReleaseSpace(content);
            context.NoteDirt(inode, content);
        }
    }

    /// <summary>The client ends before this could be written: it is counted as lost, and told to nobody else.</summary>
    public void Abandon(CachedInode inode)
    {
        lock (inode.Sync)
        {
            if (inode.Content is not { Buffer.IsEmpty: false } content) return;
            NoteLost(inode, content, content.Buffer.ValidBytes, FsError.ETIMEDOUT);
            content.IsAbandoned = true;
        }
    }

    /// <summary>Drops what is buffered of a file that nobody can reach any more; nobody is told.</summary>
    public void Discard(CachedInode inode)
    {
        lock (inode.Sync)
        {
            if (inode.Content is not { } content) return;
            var held = content.Buffer.HeldBytes;
            content.Buffer.DropCurrent();
            context.Memory.Change(content.Buffer.HeldBytes - held);
            content.TakeAlso();
            content.NoteClean();
            if (content.Buffer.IsEmpty) ReleaseSpace(content);
            context.NoteDirt(inode, content);
        }
    }

    // What the file has inline, if anything, decides what a round is made of: it must be known before the first.
    private async ValueTask<FsError> KnowFirstExtentAsync(CachedInode inode, FileContent content)
    {
        lock (inode.Sync)
        {
            if (!content.Buffer.HasCurrent || !content.Map.IsUnknown) return FsError.None;
        }

        FsError error;
        do error = await maps.LoadAsync(inode, content, 0, 1);
        while (MayAskAgain(inode, error));
        if (error == FsError.None) return FsError.None;
        lock (inode.Sync)
        {
            var lost = content.Buffer.Take(long.MaxValue, wholeOnly: false, withFirst: false);
            Lose(inode, content, new FlushRound(lost, null, 0, content.WriteTime, false, default, true), error);
        }

        return error;
    }

    private FlushRound? TakeRound(CachedInode inode, FileContent content, ulong upTo, bool wholeOnly)
    {
        var buffer = content.Buffer;
        if (!buffer.HasCurrent || (!wholeOnly && !buffer.HasWritesUpTo(upTo))) return null;
        var size = (long)inode.Visible.SizeBytes;
        var isSmall = content.IsInlineAllowed && (content.Map.Inline is not null || content.Map.IsKnownEmpty);
        if (size <= Limits.InlineBytesMax && isSmall)
        {
            if (wholeOnly) return null;
            var chunks = buffer.Take(long.MaxValue, wholeOnly: false, withFirst: false);
            return Round(content, chunks, ComposeInline(content.Map.Inline, chunks, (int)size), size, isLast: true);
        }

        var moved = content.Map.Inline;
        if (moved is not null)
        {
            var held = buffer.HeldBytes;
            buffer.WriteUnder(0, moved.AsSpan(0, (int)Math.Min(moved.Length, size)));
            context.Memory.Change(buffer.HeldBytes - held);
        }

        var taken = buffer.Take(Limits.FlushRoundBytes, wholeOnly, withFirst: moved is not null);
        return taken.Count == 0 ? null : Round(content, taken, null, size, !wholeOnly && !buffer.HasWritesUpTo(upTo));
    }

    private static FlushRound Round(
        FileContent content, List<DirtyChunk> chunks, byte[]? inline, long size, bool isLast) =>
        new(chunks, inline, size, content.WriteTime, content.KillPrivileges, isLast ? content.Also : default, isLast);

    private static byte[] ComposeInline(byte[]? old, List<DirtyChunk> chunks, int size)
    {
        var content = new byte[size];
        old?.AsSpan(0, Math.Min(old.Length, size)).CopyTo(content);
        foreach (var chunk in chunks)
        {
            foreach (var (start, end) in chunk.Valid.Ranges)
            {
                chunk.Bytes(start, end - start).Span.CopyTo(content.AsSpan(start));
            }
        }

        return content;
    }

    private async ValueTask<FsError> RunAsync(CachedInode inode, FileContent content, FlushRound round, AckMode ack)
    {
        try
        {
            return round.Inline is not null
                ? await CommitAsync(
                    inode, content, round, new PutResult([], ulong.MaxValue, 0, 0, FsError.None), ack)
                : await StoreAsync(inode, content, round, ack);
        }
        catch (Exception fault)
        {
            // The round must end whatever happened: until then the file cannot be flushed, truncated or closed.
            context.Dependencies.Logger.FlushFailed(fault, inode.Id);
            lock (inode.Sync) Lose(inode, content, round, FsError.EIO);
            return FsError.EIO;
        }
    }

    private async ValueTask<FsError> StoreAsync(CachedInode inode, FileContent content, FlushRound round, AckMode ack)
    {
        await FillAsync(inode, content, round);
        var loop = round.HeldBytes > HashInlineBytes ? loops[(int)(inode.Id.Value % (ulong)loops.Count)] : null;
        for (var attempt = 0; ; attempt++)
        {
            var pipeline = new PutPipeline(context.Blocks, Namer(), loop);
            var put = await pipeline.RunAsync(round.Chunks, round.SizeBytes);
            context.Instruments.FlushedBytes.Add(put.StoredBytes);
            lock (inode.Sync) Spend(content, put.SpaceBytes);
            if (MayAskAgain(inode, put.Error)) continue;
            if (put.Updates.IsEmpty)
            {
                lock (inode.Sync) Lose(inode, content, round, put.Error == FsError.None ? round.LostError : put.Error);
                return put.Error == FsError.None ? round.LostError : put.Error;
            }

            var error = await CommitAsync(inode, content, round, put, ack, mayPutAgain: attempt < Limits.PutAgainMax);
            if (error != FsError.EAGAIN) return error;
        }
    }

    // The silo is away, and the session under which this was written may still come back: it stays as it is.
    private bool MayAskAgain(CachedInode inode, FsError error)
    {
        var isUnanswered = error is FsError.ETIMEDOUT or FsError.EHOSTUNREACH or FsError.ENOTCONN;
        if (!isUnanswered || context.Options.IsEmbedded) return false;
        lock (inode.Sync) return !context.Caller.IsGivenUp && inode.Session is { IsLost: false };
    }

    private ChunkNamer Namer()
    {
        var session = context.Sessions.Current;
        if (session is not null && !ReferenceEquals(session, _namerSession))
        {
            _namer = new ChunkNamer(session.Welcome.ChunkKey);
            _namerSession = session;
        }

        return _namer ?? throw new FsException(FsError.ENOTCONN, "There is no session whose key names chunks");
    }
}

/// <summary>How a flush ended.</summary>
/// <param name="Error">What it lost; None when nothing.</param>
/// <param name="IsCommitted">Something was written and is durable.</param>
internal readonly record struct FlushOutcome(FsError Error, bool IsCommitted);
