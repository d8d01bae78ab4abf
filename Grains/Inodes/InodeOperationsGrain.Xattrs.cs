using System.Collections.Immutable;
using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

internal abstract partial class InodeOperationsGrain
{
    private static readonly FsName Capability = FsName.Of("security.capability");

    /// <inheritdoc cref="IInodeOperations.GetXattrAsync"/>
    public async ValueTask<FsResult<byte[]>> GetXattrAsync(SessionId session, FsName name)
    {
        var refused = await AdmitReaderAsync(session);
        if (refused != FsError.None) return refused;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is null)
        {
            return await RefuseAsync<byte[]>(FsError.ESTALE, version, session);
        }
        if (XattrNames.Check(name) is var bad && bad != FsError.None) return bad;
        var row = Shard.FindXattr(Inode, name, ref version);
        return await Shard.ReplyAsync<byte[]>(row is null ? FsError.ENODATA : row.Value, version, session);
    }

    /// <inheritdoc cref="IInodeOperations.ListXattrAsync"/>
    public async ValueTask<FsResult<ImmutableArray<FsName>>> ListXattrAsync(SessionId session)
    {
        var refused = await AdmitReaderAsync(session);
        if (refused != FsError.None) return refused;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is null)
        {
            return await RefuseAsync<ImmutableArray<FsName>>(FsError.ESTALE, version, session);
        }

        var rows = Shard.ReadXattrs(Inode, ref version);
        var names = ImmutableArray.CreateBuilder<FsName>(rows.Count);
        foreach (var row in rows) names.Add(row.Name);
        return await Shard.ReplyAsync<ImmutableArray<FsName>>(names.DrainToImmutable(), version, session);
    }

    /// <inheritdoc cref="IInodeOperations.SetXattrAsync"/>
    public ValueTask<FsResult<Nothing>> SetXattrAsync(OperationContext op, FsName name, byte[] value, XattrMode mode) =>
        ChangeAsync(op, RecallCause.AttributesChange, default, (name, value, mode),
            static (InodeOperationsGrain self, in OperationContext op, (FsName, byte[], XattrMode) state,
                out QuotaNeed need) =>
            {
                need = default;
                return self.ApplySetXattrAsync(op, state.Item1, state.Item2, state.Item3);
            });

    /// <inheritdoc cref="IInodeOperations.RemoveXattrAsync"/>
    public ValueTask<FsResult<Nothing>> RemoveXattrAsync(OperationContext op, FsName name) =>
        ChangeAsync(op, RecallCause.AttributesChange, default, name,
            static (InodeOperationsGrain self, in OperationContext op, FsName name, out QuotaNeed need) =>
            {
                need = default;
                return self.ApplyRemoveXattrAsync(op, name);
            });

    private ValueTask<FsResult<Nothing>> ApplySetXattrAsync(in OperationContext op, FsName name, byte[] value,
        XattrMode mode)
    {
        var session = op.Id.Session;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return RefuseAsync<Nothing>(FsError.ESTALE, version, session);
        }
        if (Shard.Refusal(OperationKind.XattrSet) is var refusal and not FsError.None) return new(refusal);
        var bad = XattrNames.Check(name);
        if (bad != FsError.None) return RefuseAsync<Nothing>(bad, version, session);
        if (value.Length > Limits.XattrValueBytesMax) return RefuseAsync<Nothing>(FsError.E2BIG, version, session);
        var before = Shard.FindXattr(Inode, name, ref version);
        if (mode == XattrMode.Create && before is not null)
        {
            return RefuseAsync<Nothing>(FsError.EEXIST, version, session);
        }
        if (mode == XattrMode.Replace && before is null) return RefuseAsync<Nothing>(FsError.ENODATA, version, session);
        if (!Fits(name, value, ref version)) return RefuseAsync<Nothing>(FsError.ENOSPC, version, session);

        var batch = Shard.Begin(op, OperationKind.XattrSet);
        var key = before?.NameKey ?? Shard.XattrKeyFor(Inode, name);
        batch.Put(new XattrRow(Inode, name, key, value, batch.Stamp));
        return SubmitChangedAsync(batch, row);
    }

    private ValueTask<FsResult<Nothing>> ApplyRemoveXattrAsync(in OperationContext op, FsName name)
    {
        var session = op.Id.Session;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return RefuseAsync<Nothing>(FsError.ESTALE, version, session);
        }
        if (Shard.Refusal(OperationKind.XattrRemoved) is var refusal and not FsError.None) return new(refusal);
        var bad = XattrNames.Check(name);
        if (bad != FsError.None) return RefuseAsync<Nothing>(bad, version, session);
        if (Shard.FindXattr(Inode, name, ref version) is not { } before)
        {
            return RefuseAsync<Nothing>(FsError.ENODATA, version, session);
        }

        var batch = Shard.Begin(op, OperationKind.XattrRemoved);
        batch.DeleteXattr(before);
        return SubmitChangedAsync(batch, row);
    }

    private ValueTask<FsResult<Nothing>> SubmitChangedAsync(ShardBatch batch, InodeRow row)
    {
        batch.Put(row with { Attributes = row.Attributes.Changed(batch.Stamp), From = batch.Stamp });
        batch.SetAnswer<Nothing>(Nothing.Value);
        return Shard.Submit(batch).WhenCommitted<Nothing>(Nothing.Value);
    }

    // The list is what listxattr has to give in one call; values are bounded with it, as in one block of ext4.
    private bool Fits(FsName name, byte[] value, ref ReadVersion version)
    {
        var nameBytes = name.Length + 1;
        var valueBytes = value.Length;
        foreach (var row in Shard.ReadXattrs(Inode, ref version))
        {
            if (row.Name == name) continue;
            nameBytes += row.Name.Length + 1;
            valueBytes += row.Value.Length;
        }

        return nameBytes <= Limits.XattrListBytesMax && valueBytes <= Limits.XattrValuesBytesMax;
    }
}
