using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

internal sealed partial class InodeGrain
{
    private const AttributeMask AlsoMask =
        AttributeMask.Mode | AttributeMask.Uid | AttributeMask.Gid | AttributeMask.Atime
        | AttributeMask.Mtime | AttributeMask.AtimeNow | AttributeMask.MtimeNow | AttributeMask.Ctime;

    /// <inheritdoc/>
    public ValueTask<FsResult<AttributesReply>> WriteAsync(OperationContext op, WriteRequest request) =>
        ChangeAsync(op, RecallCause.DataChange, default, request,
            static (InodeOperationsGrain self, in OperationContext op, WriteRequest request, out QuotaNeed need) =>
                ((InodeGrain)self).ApplyWriteAsync(op, request, out need));

    private ValueTask<FsResult<AttributesReply>> ApplyWriteAsync(
        in OperationContext op, WriteRequest request, out QuotaNeed need)
    {
        need = default;
        var session = op.Id.Session;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return RefuseAsync<AttributesReply>(FsError.ESTALE, version, session);
        }

        var before = row.Attributes;
        if (CheckWrite(before, request) is var bad && bad != FsError.None)
        {
            return RefuseAsync<AttributesReply>(bad, version, session);
        }

        if (Shard.Refusal(OperationKind.ContentWritten) is var refusal and not FsError.None) return new(refusal);
        var batch = Shard.Begin(op, OperationKind.ContentWritten);
        var content = request.Inline is null
            ? WriteExtents(batch, before, request)
            : WriteInline(batch, before, request);
        var after = content.Written(batch.Stamp, request.Mtime);
        if (request.KillPrivileges)
        {
            after = after with { Mode = AttributeRules.WithoutPrivileges(after.Mode) };
            DropCapabilities(batch);
        }

        var also = request.Also with { Mask = request.Also.Mask & AlsoMask };
        if (also.Mask != AttributeMask.None)
        {
            // What was kept locally without a time of its own was shown with the ctime of the write.
            var applied = after.Apply(also, batch.Stamp);
            var ctime = also.Mask.HasFlag(AttributeMask.Ctime) ? applied.Ctime : after.Ctime;
            after = applied with { ChangeCounter = after.ChangeCounter, Ctime = ctime };
        }

        Memory.Slices.Unreserve(Inode, session, Math.Max(0, (long)after.AllocatedBytes - (long)before.AllocatedBytes));
        var ticket = new QuotaTicket(Memory, Core.Quotas);
        if (!TryMoveUsage(batch, before, after, ref ticket))
        {
            need = ticket.Need;
            Shard.Abandon(batch);
            return default;
        }

        batch.Put(row with { Attributes = after, From = batch.Stamp });
        return SubmitAttributesAsync(batch, after, ticket, session);
    }

    private FsError CheckWrite(in InodeAttributes before, WriteRequest request)
    {
        if (!before.IsRegular) return before.IsDirectory ? FsError.EISDIR : FsError.EINVAL;
        if (request.SizeBytes > Limits.FileBytesMax) return FsError.EFBIG;
        if (request.Inline is { } inline)
        {
            if (inline.Length > Limits.InlineBytesMax || (ulong)inline.Length > request.SizeBytes)
            {
                return FsError.EINVAL;
            }
            if (!request.Updates.IsDefaultOrEmpty) return FsError.EINVAL;
            return HasExtents(before) && CountTooMany() ? FsError.EINVAL : FsError.None;
        }

        if (request.Updates.IsDefault || request.Updates.Length > Limits.ExtentsPerWriteMax) return FsError.EINVAL;
        if (Core.IsPinTooOld(request.OldestPin)) return FsError.EAGAIN;
        return WriteRules.Check(request, Math.Max(before.SizeBytes, request.SizeBytes));
    }

    // Whole content that fits a row replaces extents only while one batch can end them: a truncation comes before
    // otherwise.
    private bool CountTooMany()
    {
        var version = default(ReadVersion);
        return Shard.ReadExtents(Inode, 0, new ExtentRow[Limits.ExtentsPerBatchMax + 1], ref version)
            > Limits.ExtentsPerBatchMax;
    }

    private InodeAttributes WriteInline(ShardBatch batch, in InodeAttributes before, WriteRequest request)
    {
        var bytes = request.Inline!;
        if (HasExtents(before)) CutExtents(batch, 0);
        if (bytes.Length > 0) batch.Put(new InlineRow(Inode, bytes, batch.Stamp));
        else if (before.AllocatedBytes > 0 && !HasExtents(before)) batch.DeleteInline(Inode);
        return before with { SizeBytes = request.SizeBytes, AllocatedBytes = (ulong)bytes.Length };
    }

    private InodeAttributes WriteExtents(ShardBatch batch, in InodeAttributes before, WriteRequest request)
    {
        var allocated = before.AllocatedBytes;
        var version = default(ReadVersion);
        if (request.Updates.Length > 0 && allocated > 0 && Shard.FindInline(Inode, ref version) is not null)
        {
            // The pieces are the whole content, in journals already: the row goes in the same commit.
            batch.DeleteInline(Inode);
            allocated = 0;
        }

        foreach (var update in request.Updates)
        {
            if (update.Pieces.IsDefaultOrEmpty) continue;
            var extent = allocated == 0 ? null : Shard.FindExtent(Inode, update.Index, ref version);
            var after = batch.Splice(extent, Inode, update.Index, update.Pieces.AsSpan());
            allocated += (after?.AllocatedBytes ?? 0) - (ulong)(extent?.AllocatedBytes ?? 0);
        }

        return before with { SizeBytes = Math.Max(before.SizeBytes, request.SizeBytes), AllocatedBytes = allocated };
    }
}
