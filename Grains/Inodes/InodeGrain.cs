using System.Collections.Immutable;
using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains.Inodes;

/// <summary>
/// One inode that is no directory; see <see cref="InodeOperationsGrain"/> for what keeps its changes apart.
/// </summary>
[Reentrant]
internal sealed partial class InodeGrain(FileSystemCore core) : InodeOperationsGrain(core), IInodeGrain
{
    /// <inheritdoc/>
    public async ValueTask<FsResult<FileMap>> GetMapAsync(SessionId session, uint firstExtent, uint count)
    {
        var refused = await AdmitReaderAsync(session);
        if (refused != FsError.None) return refused;
        if (Leases.HasConflict(Inode, session, LeaseMode.Read)) await RecallWriterAsync(session);

        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return await RefuseAsync<FileMap>(FsError.ESTALE, version, session);
        }

        if (row.Attributes.IsDirectory) return await RefuseAsync<FileMap>(FsError.EISDIR, version, session);
        return await Shard.ReplyAsync<FileMap>(
            ReadMap(row.Attributes, firstExtent, count, ref version), version, session);
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<byte[]>> ReadLinkAsync(SessionId session)
    {
        var refused = await AdmitReaderAsync(session);
        if (refused != FsError.None) return refused;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return await RefuseAsync<byte[]>(FsError.ESTALE, version, session);
        }

        if (!FileMode.IsSymlink(row.Attributes.Mode))
        {
            return await RefuseAsync<byte[]>(FsError.EINVAL, version, session);
        }
        var target = Shard.FindInline(Inode, ref version);
        return await Shard.ReplyAsync<byte[]>(target is null ? FsError.EIO : target.Bytes, version, session);
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<Nothing>> ReserveAsync(SessionId session, ulong bytes)
    {
        var refused = await AdmitAsync(session);
        if (refused != FsError.None) return refused;
        if (!Core.Quotas.HasLimits) return Nothing.Value;
        for (var round = 0; round < Limits.QuotaRoundsMax; round++)
        {
            var version = default(ReadVersion);
            if (Shard.FindInode(Inode, ref version) is not { } row)
            {
                return await RefuseAsync<Nothing>(FsError.ESTALE, version, session);
            }

            var user = Limited(CounterKey.User(row.Attributes.Uid));
            var group = Limited(CounterKey.Group(row.Attributes.Gid));
            if (bytes > long.MaxValue) return FsError.EDQUOT;
            if (Memory.Slices.TryReserve(Inode, session, user, group, (long)bytes)) return Nothing.Value;
            refused = await LendBothAsync(user, group, (long)bytes);
            if (refused != FsError.None) return refused;
        }

        return FsError.EDQUOT;
    }

    private CounterKey? Limited(CounterKey key) => Core.Quotas.IsLimited(key) ? key : null;

    private async ValueTask<FsError> LendBothAsync(CounterKey? user, CounterKey? group, long bytes)
    {
        if (user is { } u && await LendAsync(new(u, bytes, 0)) is var byUser && byUser != FsError.None) return byUser;
        return group is { } g ? await LendAsync(new(g, bytes, 0)) : FsError.None;
    }

    // Only who holds no lease reads the map without having asked for one: what the writer has buffered is flushed
    // first.
    private async ValueTask RecallWriterAsync(SessionId session)
    {
        if (session != SessionId.None && Leases.Find(Inode, session).Mode != LeaseMode.None) return;
        var hold = await HoldAsync(session, LeaseMode.Read, RecallCause.Lease, default);
        if (hold.Error == FsError.None) Release(hold);
    }

    private FileMap ReadMap(in InodeAttributes attributes, uint firstExtent, uint count, ref ReadVersion version)
    {
        if (attributes.AllocatedBytes == 0) return new(attributes, null, [], null);
        if (Shard.FindInline(Inode, ref version) is { } inline) return new(attributes, inline.Bytes, [], null);

        var rows = new ExtentRow[Limits.ExtentsPerMapMax + 1];
        var found = Shard.ReadExtents(Inode, firstExtent, rows, ref version);
        var end = firstExtent + Math.Clamp(count, 1, Limits.ExtentsPerMapMax);
        var extents = ImmutableArray.CreateBuilder<Extent>(found);
        uint? next = null;
        foreach (var row in rows.AsSpan(0, found))
        {
            if (row.Index >= end || extents.Count == Limits.ExtentsPerMapMax)
            {
                next = row.Index;
                break;
            }

            extents.Add(new(row.Index, row.Pieces));
        }

        return new(attributes, null, extents.DrainToImmutable(), next);
    }
}
