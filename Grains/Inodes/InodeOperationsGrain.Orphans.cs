using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

internal abstract partial class InodeOperationsGrain
{
    /// <inheritdoc cref="IInodeOperations.ForgetOrphanAsync"/>
    public async ValueTask<FsResult<Nothing>> ForgetOrphanAsync(SessionId session)
    {
        var token = IntentTable.NewToken();
        if (!Intents.TryTake(Inode, token))
        {
            var error = await Intents.TakeAsync(Inode, token);
            if (error != FsError.None) return error;
            await Intents.FirmAsync(Inode, token);
        }

        bool isLeft;
        try
        {
            // While it has a name the session may have been granted a lease since it sent this word: that stays.
            var version = default(ReadVersion);
            if (Shard.FindOrphan(Inode, ref version) is not null) Leases.Forget(Inode, session);
            else Leases.Return(Inode, session, number: 0, LeaseMode.None, isOpen: false);
            isLeft = Reaper.Forget(Memory, Inode, session);
        }
        finally
        {
            Intents.Release(Inode, token);
        }

        if (isLeft) await GrainFactory.GetGrain<IShardGrain>(Shard.Id.Value).StartSweepAsync();

        // A client that outlives the silo says it once: what it said must outlive the silo too.
        return Core.Sessions.Find(session) is { IsEmbedded: false } ? await Shard.SyncAsync() : Nothing.Value;
    }
}
