using System.Globalization;
using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Quotas;

/// <summary>
/// Hard quota of one user or group. Invariant: what the counters show plus what is lent and not charged yet never
/// exceeds a limit
/// by what was charged after it was set. One turn at a time: two shards never get the same bytes.
/// </summary>
internal sealed class QuotaGrain : Grain, IQuotaGrain
{
    // Part of what is left that one shard is lent at most beyond what it asks.
    private const int LendPart = 8;
    private readonly FileSystemCore _core;
    private readonly CounterKey _key;

    public QuotaGrain(FileSystemCore core)
    {
        _core = core;
        _key = Parse(this.GetPrimaryKeyString());
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<Nothing>> SetLimitsAsync(OperationContext op, QuotaLimits limits)
    {
        var home = _core.ShardOf(FileSystemCore.HomeShard);
        if (home.TryAnswered<Nothing>(op, out var earlier)) return await earlier;
        if (home.Refusal(OperationKind.QuotaSet) is var refusal and not FsError.None) return refusal;
        var batch = home.Begin(op, OperationKind.QuotaSet);
        if (limits == default) batch.DeleteQuota(_key);
        else batch.Put(new QuotaRow(_key, limits, batch.Stamp));
        batch.SetAnswer<Nothing>(Nothing.Value);
        var commit = home.Submit(batch);
        if (!commit.IsRefused) _core.Quotas.Set(_key, limits);
        TakeBackAll();
        return await commit.WhenCommitted<Nothing>(Nothing.Value);
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<QuotaUsage>> GetUsageAsync()
    {
        var usage = _core.Store.GetUsage(_key);
        return new(new QuotaUsage(_core.Quotas.Find(_key), Unsigned(usage.Bytes), Unsigned(usage.Inodes)));
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<QuotaLimits>> LendAsync(ShardId shard, long bytes, long inodes)
    {
        var left = Left();
        if (left.Bytes < bytes || left.Inodes < inodes)
        {
            TakeBackAll();
            left = Left();
            if (left.Bytes < bytes || left.Inodes < inodes) return new(FsError.EDQUOT);
        }

        var lent = new Usage(Math.Max(bytes, left.Bytes / LendPart), Math.Max(inodes, left.Inodes / LendPart));
        _core.MemoryOf(shard).Slices.Lend(_key, lent.Bytes, lent.Inodes);
        return new(new QuotaLimits((ulong)lent.Bytes, (ulong)lent.Inodes));
    }

    // Slices first, counters after: a charge that moves from the one to the other in between is seen twice, never not
    // at all.
    private Usage Left()
    {
        var limits = _core.Quotas.Find(_key);
        var outBytes = 0L;
        var outInodes = 0L;
        foreach (var memory in _core.Memories)
        {
            var outstanding = memory.Slices.Outstanding(_key);
            outBytes += outstanding.Bytes;
            outInodes += outstanding.Inodes;
        }

        var used = _core.Store.GetUsage(_key);
        return new(LeftOf(limits.BytesMax, used.Bytes, outBytes), LeftOf(limits.InodesMax, used.Inodes, outInodes));
    }

    private static long LeftOf(ulong limit, long used, long outstanding) =>
        limit == 0 ? long.MaxValue / 2 : Math.Max(0, (long)Math.Min(limit, long.MaxValue / 2) - used - outstanding);

    private void TakeBackAll()
    {
        foreach (var memory in _core.Memories) memory.Slices.TakeBack(_key);
    }

    private static ulong Unsigned(long value) => value < 0 ? 0 : (ulong)value;

    private static CounterKey Parse(string key)
    {
        var id = uint.Parse(key.AsSpan(2), NumberStyles.None, CultureInfo.InvariantCulture);
        return key[0] == 'g' ? CounterKey.Group(id) : CounterKey.User(id);
    }
}
