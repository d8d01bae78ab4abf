using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains.Inodes;

/// <summary>
/// Background work of one shard; each step takes the inode's intent, and waits for its commit before the next.
/// </summary>
[Reentrant]
internal sealed class ShardGrain : Grain, IShardGrain
{
    private readonly FileSystemCore _core;
    private readonly ShardMemory _memory;
    private Task<FsResult<Nothing>>? _sweep;
    private bool _isSweepAsked;

    public ShardGrain(FileSystemCore core)
    {
        _core = core;
        _memory = core.MemoryOf(new ShardId((ushort)this.GetPrimaryKeyLong()));
    }

    private Shard Shard => _memory.Shard;

    /// <inheritdoc/>
    public async ValueTask<FsResult<Nothing>> SweepAsync()
    {
        _isSweepAsked = true;
        return await (_sweep ?? BeginSweepAsync());
    }

    /// <inheritdoc/>
    public async ValueTask StartSweepAsync()
    {
        _isSweepAsked = true;
        if (_sweep is null) await BeginSweepAsync();
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<Nothing>> EndSessionAsync(SessionId session)
    {
        _memory.Leases.Drop(session);
        _memory.Slices.Unreserve(session);
        if (Shard.IsReadOnly(out _)) return FsError.EROFS;
        var version = default(ReadVersion);
        foreach (var orphan in Shard.ReadOrphans(ref version))
        {
            if (!orphan.Holders.Contains(session)) continue;
            var error = await ForgetAsync(orphan.Inode, session);
            if (error != FsError.None) return error;
        }

        if (Shard.FindSessionShard(session, ref version) is not null)
        {
            var batch = Shard.Begin(default, OperationKind.SessionClosed);
            batch.DeleteSessionShard(session);
            Shard.Submit(batch);
        }

        await GrainFactory.GetGrain<IShardGrain>(Shard.Id.Value).StartSweepAsync();
        return Nothing.Value;
    }

    private Task<FsResult<Nothing>> BeginSweepAsync()
    {
        var sweep = SweepUntilDoneAsync();
        if (!sweep.IsCompleted) _sweep = sweep;
        return sweep;
    }

    private async Task<FsResult<Nothing>> SweepUntilDoneAsync()
    {
        try
        {
            while (_isSweepAsked)
            {
                _isSweepAsked = false;
                var swept = await SweepOnceAsync();
                if (swept.IsError) return swept;
            }

            return Nothing.Value;
        }
        finally
        {
            _sweep = null;
        }
    }

    private async ValueTask<FsResult<Nothing>> SweepOnceAsync()
    {
        var version = default(ReadVersion);
        foreach (var orphan in Shard.ReadOrphans(ref version))
        {
            var isLeft = IsAbandoned(orphan);
            while (isLeft)
            {
                if (Shard.IsReadOnly(out _)) return FsError.EROFS;
                var token = Intents.IntentTable.NewToken();
                var error = await TakeAsync(orphan.Inode, token);
                if (error != FsError.None) return error;
                var commit = default(Commit);
                try
                {
                    isLeft = Shard.FindOrphan(orphan.Inode, ref version) is { } now && IsAbandoned(now)
                        && Reaper.Free(_memory, now, out commit);
                }
                finally
                {
                    _memory.Intents.Release(orphan.Inode, token);
                }

                if (commit.IsRefused) break;
                var durable = await commit.WhenDurableAsync();
                if (durable.IsError) return durable;
            }
        }

        return Nothing.Value;
    }

    // Sessions that are absent may come back for what they have open; those that are not known any more will not.
    private bool IsAbandoned(OrphanRow orphan)
    {
        foreach (var holder in orphan.Holders)
        {
            if (_core.Sessions.Find(holder) is not null) return false;
        }

        return true;
    }

    private async ValueTask<FsError> ForgetAsync(InodeId inode, SessionId session)
    {
        var token = Intents.IntentTable.NewToken();
        var error = await TakeAsync(inode, token);
        if (error != FsError.None) return error;
        try
        {
            _isSweepAsked |= Reaper.Forget(_memory, inode, session);
        }
        finally
        {
            _memory.Intents.Release(inode, token);
        }

        return FsError.None;
    }

    private async ValueTask<FsError> TakeAsync(InodeId inode, Intents.IntentToken token)
    {
        if (_memory.Intents.TryTake(inode, token)) return FsError.None;
        var error = await _memory.Intents.TakeAsync(inode, token);
        if (error == FsError.None) await _memory.Intents.FirmAsync(inode, token);
        return error;
    }
}
