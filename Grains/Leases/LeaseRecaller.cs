using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Leases;

/// <summary>
/// Gets leases back. The caller has the inode's intent, draining, so that nothing new is granted meanwhile and the
/// holders'
/// flushes go ahead. A holder's deadline moves with each operation that it flushes; a silent one is evicted, and what
/// it held
/// counts as back only when its term is over.
/// </summary>
internal sealed class LeaseRecaller(
    SessionTable sessions, TimeProvider time, GrainOptions options, ILogger<LeaseRecaller> logger,
    SynchronizationContext? outside = null)
{
    /// <summary>
    /// Recalls what stands against the wish under a draining intent, and makes the intent firm; gives it back when
    /// that fails.
    /// </summary>
    public async ValueTask DrainAsync(ShardMemory memory, InodeId inode, IntentToken token, SessionId session,
        LeaseMode wanted, RecallCause cause, FsName name)
    {
        var isDone = false;
        try
        {
            await RecallAsync(memory.Leases, inode, session, wanted, cause, name);
            isDone = true;
        }
        finally
        {
            await memory.Intents.FirmAsync(inode, token);
            if (!isDone) memory.Intents.Release(inode, token);
        }
    }

    private async ValueTask RecallAsync(
        LeaseTable leases, InodeId inode, SessionId session, LeaseMode wanted, RecallCause cause, FsName name)
    {
        while (true)
        {
            var conflicts = leases.Conflicts(inode, session, wanted);
            if (conflicts.IsEmpty) return;
            var keep = wanted == LeaseMode.Read ? LeaseMode.Read : LeaseMode.None;
            var recalls = new Task[conflicts.Length];
            for (var i = 0; i < recalls.Length; i++)
            {
                var recall = new LeaseRecall(inode, conflicts[i].Number, keep, cause, name);
                recalls[i] = RecallOneAsync(leases, conflicts[i], recall);
            }

            await Task.WhenAll(recalls);
        }
    }

    private async Task RecallOneAsync(LeaseTable leases, HeldLease held, LeaseRecall recall)
    {
        if (sessions.Find(held.Session) is not { } state)
        {
            leases.Drop(held.Session);
            return;
        }

        if (held.Mode == LeaseMode.None)
        {
            await WaitForReturnAsync(state);
            return;
        }

        if (await TryRecallAsync(state, recall) is { } returned)
        {
            var kept = returned.Kept < recall.KeepAtMost ? returned.Kept : recall.KeepAtMost;
            leases.Return(recall.Inode, held.Session, recall.Number, kept, returned.IsOpen);
            return;
        }

        await WaitForTermAsync(state, recall.Inode);
    }

    // Null: the session does not answer and never will. One that has opened again meanwhile takes all it needs again,
    // under higher numbers than the one that is recalled here.
    private async ValueTask<LeaseReturn?> TryRecallAsync(SessionState state, LeaseRecall recall)
    {
        var since = time.GetTimestamp();
        while (state.IsAlive && state.Holder is { } holder)
        {
            var call = CallAsync(holder, state, recall);
            while (!call.IsCompleted)
            {
                if (state.Holder != holder) return default(LeaseReturn);
                var left = SilenceLeft(state, since);
                if (left <= TimeSpan.Zero) return null;
                await Task.WhenAny(call, state.Ended, PauseAsync(left));
                if (state.Status == SessionStatus.Ended) return null;
            }

            if (await call is { } returned) return returned;
            if (SilenceLeft(state, since) <= TimeSpan.Zero) return null;
            await Task.WhenAny(state.Ended, Task.Delay(options.RecallRetry, time));
        }

        return null;
    }

    // Any failure of the call is the connection's or the client's: the recall is tried again until the silence is too
    // long.
    private async Task<LeaseReturn?> CallAsync(ILeaseHolder holder, SessionState state, LeaseRecall recall)
    {
        try
        {
            return await StartAsync(holder, recall);
        }
        catch (Exception exception)
        {
            logger.RecallFailed(exception, recall.Inode, state.Id);
            return null;
        }
    }

    // A recall is no part of the call that needs it: it has a deadline of its own, and the holder's flush may well
    // come back to an activation that the call has passed. A simulation says where what is outside of all calls goes
    // on.
    private ValueTask<LeaseReturn> StartAsync(ILeaseHolder holder, LeaseRecall recall)
    {
        var caller = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(outside);
        try
        {
            return holder.RecallAsync(recall);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(caller);
        }
    }

    // Timers count milliseconds and cut off the rest: without rounding up, the last one would be waited for without a
    // pause.
    private Task PauseAsync(TimeSpan left) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), time);

    // A client in this process is not silent: it may wait, in an operation of its own, for the term of one that is.
    private TimeSpan SilenceLeft(SessionState state, long since) => state.IsEmbedded
        ? options.RecallSilence
        : options.RecallSilence - time.GetElapsedTime(Math.Max(since, state.LastProgress));

    private async ValueTask WaitForTermAsync(SessionState state, InodeId inode)
    {
        if (state.TryEvict())
        {
            logger.Evicted(state.Id, state.ClientName, inode, options.RecallSilence, sessions.TermLeft(state));
        }

        while (sessions.TermLeft(state) is var left && left > TimeSpan.Zero)
        {
            await Task.WhenAny(state.Ended, PauseAsync(left));
            if (state.Status == SessionStatus.Ended) return;
        }

        EndOver(state);
    }

    // A session of before this owner: it comes back and takes its leases again, or its term runs out.
    private async ValueTask WaitForReturnAsync(SessionState state)
    {
        while (!state.IsSettled && sessions.TermLeft(state) is var left && left > TimeSpan.Zero)
        {
            await Task.WhenAny(state.Settled, PauseAsync(left));
        }

        if (!state.IsSettled) EndOver(state);
    }

    private void EndOver(SessionState state)
    {
        if (state.Status != SessionStatus.Ended) logger.TermOver(state.Id, state.ClientName);
        sessions.End(state);
    }
}
