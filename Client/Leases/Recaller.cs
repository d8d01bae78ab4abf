using ClaudeFs.Client.Flushing;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Client.Sessions;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Leases;

/// <summary>
/// Answers recalls: the front end drops what it keeps, what is buffered is committed, the lease goes. Thread-safe.
/// </summary>
/// <remarks>
/// The order matters. First nothing may be kept any more (answers carry no time to live), then the kernel drops pages
/// and names - which may wait for reads and writes that it has in flight here, and write back what was mapped, so the
/// lease stays usable - then everything buffered is committed, and only in the turn in which nothing is left does the
/// lease end. No lock is held while the front end or a grain is called.
/// <para>The kernel drops names under the directory's lock and pages under theirs. A create in that directory, or a
/// write of that page that first needs a lease, may hold these locks while it waits at a grain for the very recall that
/// is answered here. So the wait for the kernel has an end, and there is none where such a change is under way: then
/// the drop goes on by itself, and what the kernel keeps meanwhile it checks again, for attributes are dropped first
/// and without any lock.</para>
/// </remarks>
internal sealed class Recaller(ClientContext context, InodeLeases leases) : ILeaseHolder, ISessionListener
{
    private const int NotificationsOfInode = 2;   // attributes, then pages
    private static readonly TimeSpan NamesWaitMax = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan PagesWaitMax = TimeSpan.FromSeconds(2);

    /// <summary>Set once, before the session opens.</summary>
    public Flusher Flusher { get; set; } = null!;

    /// <inheritdoc />
    public ValueTask<LeaseReturn> RecallAsync(LeaseRecall recall)
    {
        // On the loop: a recall may come in line from a grain's turn, which is none of the client's business.
        var answer = new TaskCompletionSource<LeaseReturn>();
        context.Loop.Post(
            static state =>
            {
                var (self, recall, answer) = ((Recaller, LeaseRecall, TaskCompletionSource<LeaseReturn>))state!;
                _ = self.RunAsync(recall, answer);
            },
            (this, recall, answer));
        return new(answer.Task);
    }

    /// <inheritdoc />
    public async ValueTask DropAllAsync(ClientSession session, bool isLost)
    {
        context.Nodes.MoveFence();
        var round = new List<Returning>();
        var notifications = 0;
        foreach (var inode in context.Nodes.All)
        {
            if (!inode.TryPin()) continue;
            if (isLost) Flusher.Drop(inode, FsError.EIO);
            lock (inode.Sync)
            {
                var held = new Held(Names(inode), inode.Mode == LeaseMode.Write, inode.ChangesUnderWay > 0);
                var fence = context.Nodes.MoveFence();
                inode.DropLease(isLost, fence);
                inode.MarkChanged(fence, isStale: true);
                round.Add(new(inode, held, LeaseMode.None, IsOpen: false));
                notifications += held.Names.Length + NotificationsOfInode;
            }

            if (notifications < Limits.NotificationsPerReturnRound) continue;
            await DropAsync(round);
            round.Clear();
            notifications = 0;
        }

        await DropAsync(round);
    }

    /// <inheritdoc />
    public async ValueTask ReclaimAsync(ClientSession session)
    {
        var round = new List<Returning>();
        var notifications = 0;
        foreach (var inode in context.Nodes.All)
        {
            if (!inode.TryPin()) continue;
            if (Surrender(inode) is not { } returning)
            {
                inode.Unpin();
                continue;
            }

            round.Add(returning);
            notifications += returning.Held.Names.Length + NotificationsOfInode;
            if (notifications < Limits.NotificationsPerReturnRound) continue;
            await ReclaimAsync(round, session);
            round.Clear();
            notifications = 0;
        }

        await ReclaimAsync(round, session);
    }

    // All at once: an operation that waits for this session may hold what the kernel needs for the first of them, and
    // each of the others would wait its time out behind it.
    private Task DropAtFrontEndAsync(List<Returning> round) => Task.WhenAll(round.Where(static one => one.MustDrop)
        .Select(one => DropAtFrontEndAsync(one.Inode.Id, one.Held, RecallCause.DataChange).AsTask()));

    private async ValueTask DropAsync(List<Returning> round)
    {
        await DropAtFrontEndAsync(round);
        foreach (var one in round) one.Inode.Unpin();
    }

    private async ValueTask ReclaimAsync(List<Returning> round, ClientSession session)
    {
        try
        {
            await DropAtFrontEndAsync(round);
            foreach (var one in round)
            {
                var isHeld = one.Wanted != LeaseMode.None && await TryTakeAgainAsync(one, session);
                if (!isHeld && one.IsOpen) await TellOpenAsync(one.Inode, session);
            }
        }
        finally
        {
            foreach (var one in round) one.Inode.Unpin();
        }
    }

    private async ValueTask<bool> TryTakeAgainAsync(Returning returning, ClientSession session)
    {
        var inode = returning.Inode;
        var error = await leases.ReclaimAsync(inode, returning.Wanted, session);
        if (error == FsError.None) return true;
        context.Dependencies.Logger.ReclaimFailed(inode.Id, error);
        Flusher.Drop(inode, FsError.EIO);
        lock (inode.Sync) inode.Surrender();
        await DropAtFrontEndAsync(inode.Id, returning.Held, RecallCause.DataChange);
        return false;
    }

    // A file that is open without a lease is not removed with its last name either.
    private async ValueTask TellOpenAsync(CachedInode inode, ClientSession session)
    {
        await leases.Operations(inode).ReleaseLeaseAsync(session.Id, 0, isOpen: true);
        lock (inode.Sync) inode.HasToldOpen = true;
    }

    // What a file that is open or has something to write was held under is taken again, and nothing that was not held:
    // it may be another's, who comes back later. The rest goes, and with it all that the front end keeps of it. Null:
    // there is nothing of either.
    private Returning? Surrender(CachedInode inode)
    {
        lock (inode.Sync)
        {
            var isDirty = inode.Content is { IsDirty: true };
            var isWriter = inode.Mode == LeaseMode.Write;
            var isOpen = inode.OpenCount > 0;
            var wanted = isDirty ? LeaseMode.Write : isOpen ? inode.Mode : LeaseMode.None;
            var held = new Held(Names(inode), isWriter, inode.ChangesUnderWay > 0);
            if (inode.Mode == LeaseMode.None && wanted == LeaseMode.None && !isOpen) return null;
            var fence = context.Nodes.MoveFence();
            if (!isDirty) inode.Surrender();
            inode.MarkChanged(fence, isStale: true);
            return new(inode, held, wanted, isOpen);
        }
    }

    private static FsName[] Names(CachedInode inode) =>
        inode.Entries is { Count: > 0 } entries ? [.. entries.Keys] : [];

    private async Task RunAsync(LeaseRecall recall, TaskCompletionSource<LeaseReturn> answer)
    {
        context.Instruments.Recalls.Add(1);
        var inode = context.Nodes.Get(recall.Inode);
        LeaseReturn returned;
        try
        {
            returned = await AnswerAsync(inode, recall);
        }
        catch (Exception fault)
        {
            // Whoever waits for the lease must not wait for our trouble: it goes, and what was buffered under it is
            // lost.
            context.Dependencies.Logger.RecallFailed(fault, recall.Inode);
            Flusher.Drop(inode, FsError.EIO);
            returned = End(inode, recall, LeaseMode.None);
        }
        finally
        {
            inode.Unpin();
        }

        answer.SetResult(returned);
    }

    private async ValueTask<LeaseReturn> AnswerAsync(CachedInode inode, LeaseRecall recall)
    {
        Held held;
        FileContent? content;
        lock (inode.Sync)
        {
            if (inode.IsGrantedAfter(recall.Number)) return new(LeaseMode.None, inode.OpenCount > 0);
            if (inode.Mode == LeaseMode.None) return End(inode, recall, LeaseMode.None);
            inode.MarkChanged(context.Nodes.MoveFence(), isStale: false);
            inode.IsRecalling = recall.KeepAtMost == LeaseMode.None;
            held = new Held(Names(inode), inode.Mode == LeaseMode.Write, inode.ChangesUnderWay > 0);
            content = inode.Content;
        }

        if (recall.KeepAtMost == LeaseMode.None) await DropAtFrontEndAsync(inode.Id, held, recall.Cause);

        if (content is null)
        {
            lock (inode.Sync)
            {
                if (inode.Content is null) return End(inode, recall, recall.KeepAtMost);
                content = inode.Content;
            }
        }

        await Flusher.FlushAsync(inode, AckMode.Applied);
        return await FlushRestAsync(inode, content, recall);
    }

    private async ValueTask DropAtFrontEndAsync(InodeId inode, Held held, RecallCause cause)
    {
        await context.InvalidateAsync(inode, -1);
        if (held.Names.Length == 0 && cause == RecallCause.AttributesChange) return;
        var dropping = DropLockedAsync(inode, held.Names).AsTask();

        // Only under a write lease can the kernel have pages that it must write back first.
        var isWorthWaiting = held.IsWriter || held.Names.Length > 0;
        if (dropping.IsCompleted || !isWorthWaiting || held.IsChanging) return;
        try
        {
            await dropping.WaitAsync(held.IsWriter ? PagesWaitMax : NamesWaitMax, context.Dependencies.Time);
        }
        catch (TimeoutException)
        {
            context.Dependencies.Logger.RecallWentAhead(inode);
        }
    }

    private async ValueTask DropLockedAsync(InodeId inode, FsName[] names)
    {
        await context.InvalidateEntriesAsync(inode, names);
        await context.InvalidateAsync(inode, 0);
    }

    // What was written meanwhile. Now writers wait: the kernel needs none of them any more to finish its invalidation.
    private async ValueTask<LeaseReturn> FlushRestAsync(CachedInode inode, FileContent content, LeaseRecall recall)
    {
        await content.Gate.EnterAsync();
        try
        {
            lock (inode.Sync)
            {
                if (!content.IsDirty) return End(inode, recall, recall.KeepAtMost);
                content.IsExclusive = true;
            }

            await Flusher.FlushInsideAsync(inode, content, AckMode.Applied);
            return End(inode, recall, recall.KeepAtMost);
        }
        finally
        {
            lock (inode.Sync) content.IsExclusive = false;
            content.Gate.Exit();
        }
    }

    // What the front end may hold when a recall comes.
    private readonly record struct Held(FsName[] Names, bool IsWriter, bool IsChanging);

    // An inode of a session that comes back, pinned.
    private readonly record struct Returning(CachedInode Inode, Held Held, LeaseMode Wanted, bool IsOpen)
    {
        public bool MustDrop => Wanted == LeaseMode.None || Held.Names.Length > 0;
    }

    private LeaseReturn End(CachedInode inode, LeaseRecall recall, LeaseMode keepAtMost)
    {
        lock (inode.Sync)
        {
            inode.MarkChanged(context.Nodes.MoveFence(), isStale: false);
            var kept = inode.GiveBack(recall.Number, keepAtMost);
            inode.IsRecalling = false;
            var isOpen = inode.OpenCount > 0;
            if (kept == LeaseMode.None) inode.HasToldOpen = isOpen;
            return new(kept, isOpen);
        }
    }
}
