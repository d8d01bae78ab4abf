using System.Collections.Concurrent;
using System.Globalization;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Files;

/// <summary>
/// Knows which owners have a quota, so that only their files ask the grain for room before a write is buffered. What it
/// knows is a few seconds old; the grain refuses at the flush in any case. Thread-safe.
/// </summary>
internal sealed class QuotaWatch(ClientContext context, InodeLeases leases)
{
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, (bool IsLimited, long Until)> _owners = new();

    /// <summary>
    /// Makes room for a file to grow by <paramref name="bytes"/>, or finds that there is no quota. Errors: EDQUOT,
    /// ENOSPC, ESTALE
    /// and the caller's.
    /// </summary>
    public async ValueTask<FsError> EnsureAsync(
        CachedInode inode, FileContent content, long bytes, CancellationToken cancellationToken)
    {
        InodeAttributes attributes;
        lock (inode.Sync) attributes = inode.Server;
        var isLimited = await IsLimitedAsync("u", attributes.Uid, cancellationToken)
            || await IsLimitedAsync("g", attributes.Gid, cancellationToken);
        if (!isLimited)
        {
            lock (inode.Sync) content.QuotaFreeUntil = Until();
            return FsError.None;
        }

        // In proportion to the file: many small files must not tie up what is left between them.
        var asked = Math.Max(bytes, Math.Min((long)attributes.SizeBytes, Limits.QuotaSlabBytes));
        var reserved = await ReserveAsync(inode, asked, cancellationToken);
        if (reserved == FsError.EDQUOT && asked > bytes)
        {
            asked = bytes;
            reserved = await ReserveAsync(inode, asked, cancellationToken);
        }

        if (reserved != FsError.None) return reserved;
        lock (inode.Sync) content.QuotaBytes += asked;
        return FsError.None;
    }

    private async ValueTask<FsError> ReserveAsync(CachedInode inode, long bytes, CancellationToken cancellationToken) =>
        (await context.Caller.QueryAsync(
            (Grain: leases.File(inode), Bytes: (ulong)bytes),
            static (ask, session) => ask.Grain.ReserveAsync(session, ask.Bytes), cancellationToken)).Error;

    private async ValueTask<bool> IsLimitedAsync(string kind, uint owner, CancellationToken cancellationToken)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"{kind}:{owner}");
        var now = context.Dependencies.Time.GetTimestamp();
        if (_owners.TryGetValue(key, out var known) && known.Until > now) return known.IsLimited;

        var usage = await context.Caller.QueryAsync(
            context.Dependencies.Grains.GetGrain<IQuotaGrain>(key), static (grain, _) => grain.GetUsageAsync(),
            cancellationToken);
        var isLimited = !usage.IsError && (usage.Value.Limits.BytesMax != 0 || usage.Value.Limits.InodesMax != 0);
        if (_owners.Count >= Limits.QuotaOwnersMax) _owners.Clear();
        _owners[key] = (isLimited, Until());
        return isLimited;
    }

    private long Until() =>
        context.Dependencies.Time.GetTimestamp()
        + (long)(KnownFor.TotalSeconds * context.Dependencies.Time.TimestampFrequency);
}
