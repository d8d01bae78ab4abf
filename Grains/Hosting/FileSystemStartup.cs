using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Grains.Hosting;

/// <summary>
/// Before anything is served: the root is there, limits are known, the sessions of before are either ended (those
/// that lived in
/// a silo's process) or waited for until their term is over; orphans that nobody can have open are freed.
/// </summary>
internal sealed class FileSystemStartup(
    FileSystemCore core, QuotaLedger quotas, IGrainFactory grains, ILogger<FileSystemStartup> logger,
    SynchronizationContext? outside = null)
{
    private const uint RootPermissions = 0x1ED;

    /// <summary>Runs once, before the first operation.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var home = core.ShardOf(FileSystemCore.HomeShard);
        core.SessionEnded = Clean;
        await MakeRootAsync(home);
        var version = default(ReadVersion);
        foreach (var quota in home.ReadQuotas(ref version)) quotas.Set(quota.Counter, quota.Limits);

        var over = new List<SessionId>();
        foreach (var row in home.ReadSessions(ref version))
        {
            if (row.IsEmbedded) over.Add(row.Session);
            else core.Sessions.TryAdd(new SessionState(row.Session, row.ClientName, isEmbedded: false));
        }

        for (var i = 0; i < core.Options.ActiveShardCount; i++) NoteAbsent(core.MemoryOf(new ShardId((ushort)i)));
        logger.SessionsFound(over.Count, core.Sessions.All.Count);
        if (home.IsReadOnly(out _)) return;
        foreach (var session in over)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await grains.GetGrain<ISessionGrain>((long)session.Value).CloseAsync();
        }

        foreach (var state in core.Sessions.All)
        {
            await grains.GetGrain<ISessionGrain>((long)state.Id.Value).WatchAsync();
        }
        for (var i = 0; i < core.Options.ActiveShardCount; i++) await grains.GetGrain<IShardGrain>(i).StartSweepAsync();
    }

    private void NoteAbsent(ShardMemory memory)
    {
        var version = default(ReadVersion);
        foreach (var row in memory.Shard.ReadSessionShards(ref version))
        {
            if (core.Sessions.Find(row.Session) is not null) memory.Leases.AddAbsent(row.Session);
        }
    }

    private async ValueTask MakeRootAsync(Shard home)
    {
        var version = default(ReadVersion);
        if (home.FindInode(InodeId.Root, ref version) is not null || home.IsReadOnly(out _)) return;
        var batch = home.Begin(default, OperationKind.FileSystemMade);
        var (now, uid, gid) = (batch.Stamp, core.Options.RootUid, core.Options.RootGid);
        batch.Put(new InodeRow(
            new(InodeId.Root, core.Store.Identity.Incarnation, FileMode.Directory | RootPermissions, 2, uid, gid, 0, 0,
                0, now, now, now, now, 1),
            InodeId.Root, now));
        batch.AddCounter(CounterKey.User(uid), 0, 1);
        batch.AddCounter(CounterKey.Group(gid), 0, 1);
        var made = await home.Submit(batch).WhenDurableAsync();
        if (made.IsError) throw new FsException(made.Error, "The root directory could not be made");
    }

    // The rows of a session that ended are its grain's work; nobody waits for it.
    private void Clean(SessionId session) => _ = CleanAsync(session);

    private async Task CleanAsync(SessionId session)
    {
        // Not a part of the call that found out: that one's deadline may have passed.
        SynchronizationContext.SetSynchronizationContext(outside);
        try
        {
            await grains.GetGrain<ISessionGrain>((long)session.Value).WatchAsync();
        }
        catch (Exception exception)
        {
            logger.CleaningFailed(exception, session);
        }
    }
}
