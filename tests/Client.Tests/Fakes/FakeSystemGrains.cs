using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>A session's grain.</summary>
internal sealed class FakeSessionGrain(FakeCluster cluster, SessionId id) : ISessionGrain
{
    private static readonly byte[] ChunkKey = [.. Enumerable.Range(1, 32).Select(static i => (byte)i)];

    public ValueTask<FsResult<SessionWelcome>> OpenAsync(SessionHello hello, ILeaseHolder holder) =>
        new(cluster.Ask<SessionWelcome>("Open", () =>
        {
            if (hello.IsReturning && !cluster.IsAbsent(id)) return FsError.ESTALE;
            cluster.Enter(id, holder);
            return new SessionWelcome(id, cluster.Term, 1, cluster.Now(), ChunkKey);
        }));

    public ValueTask<FsResult<Nothing>> SettleAsync() =>
        new(cluster.Ask<Nothing>("Settle", () => cluster.IsOpen(id) ? Nothing.Value : FsError.ESTALE));

    public ValueTask<FsResult<KeepAliveReply>> KeepAliveAsync(ulong garbageEpochSeen) =>
        new(cluster.Ask<KeepAliveReply>("KeepAlive", () =>
            cluster.IsOpen(id) ? new KeepAliveReply(cluster.Now(), 1) : FsError.ESTALE));

    public ValueTask<FsResult<Nothing>> CloseAsync() =>
        new(cluster.Ask<Nothing>("Close", () =>
        {
            cluster.Leave(id);
            return Nothing.Value;
        }));

    public ValueTask WatchAsync() => default;
}

/// <summary>The file system's grain.</summary>
internal sealed class FakeFileSystemGrain(FakeCluster cluster) : IFileSystemGrain
{
    public ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync() =>
        new(cluster.Ask<FileSystemStatistics>("GetStatistics", static () => new FileSystemStatistics(7, 0)));

    public ValueTask<FsResult<Nothing>> SyncAsync() => new(cluster.Ask<Nothing>("SyncAll", static () => Nothing.Value));
}

/// <summary>An owner's quota.</summary>
internal sealed class FakeQuotaGrain(FakeCluster cluster, string owner) : IQuotaGrain
{
    public ValueTask<FsResult<Nothing>> SetLimitsAsync(OperationContext op, QuotaLimits limits)
    {
        cluster.SetQuota(owner, limits);
        return new(Nothing.Value);
    }

    public ValueTask<FsResult<QuotaUsage>> GetUsageAsync() =>
        new(cluster.Ask<QuotaUsage>("GetUsage", () => new QuotaUsage(cluster.QuotaOf(owner), 0, 0)));

    public ValueTask<FsResult<QuotaLimits>> LendAsync(ShardId shard, long bytes, long inodes) =>
        new(new QuotaLimits(0, 0));
}
