using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

// fallocate: a bounded batch of extents at a time, each a change of its own; the last one carries the size and the
// answer.
internal sealed partial class InodeGrain
{
    /// <inheritdoc/>
    public async ValueTask<FsResult<AttributesReply>> AllocateAsync(
        OperationContext op, AllocateMode mode, ulong offset, ulong length)
    {
        if (AllocateRules.Check(mode, offset, length) is var bad && bad != FsError.None) return bad;
        if (IsAnswered(op)) return await AllocateAsync(op, default);
        var range = AllocateRules.Range(mode, offset, length);
        while (range.ExtentCount > Limits.ExtentsPerBatchMax)
        {
            var (first, rest) = range.Split(Limits.ExtentsPerBatchMax);
            var part = op with { Id = op.Id with { Number = 0 }, AcknowledgedBelow = 0, Ack = AckMode.Commit };
            var done = await AllocateAsync(part, new(mode, first, offset + length, IsLast: false));
            if (done.IsError) return done;
            range = rest;
        }

        return await AllocateAsync(op, new(mode, range, offset + length, IsLast: true));
    }

    private ValueTask<FsResult<AttributesReply>> AllocateAsync(OperationContext op, AllocateStep step) =>
        ChangeAsync(op, RecallCause.DataChange, default, step,
            static (InodeOperationsGrain self, in OperationContext op, AllocateStep step, out QuotaNeed need) =>
                ((InodeGrain)self).ApplyAllocateAsync(op, step, out need));

    private ValueTask<FsResult<AttributesReply>> ApplyAllocateAsync(
        in OperationContext op, in AllocateStep step, out QuotaNeed need)
    {
        need = default;
        var session = op.Id.Session;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return RefuseAsync<AttributesReply>(FsError.ESTALE, version, session);
        }

        var before = row.Attributes;
        if (!before.IsRegular) return RefuseAsync<AttributesReply>(FsError.ENODEV, version, session);
        if (Shard.Refusal(OperationKind.RangeAllocated) is var refusal and not FsError.None) return new(refusal);
        var batch = Shard.Begin(op, OperationKind.RangeAllocated);
        var allocated = before.AllocatedBytes;
        var inline = allocated == 0 ? null : Shard.FindInline(Inode, ref version);
        if (inline is null) allocated = AllocateExtents(batch, step, before, ref version);
        else if (step.Mode.HasFlag(AllocateMode.PunchHole) && step.Range.Covers((ulong)inline.Bytes.Length))
        {
            batch.DeleteInline(Inode);
            allocated = 0;
        }

        var grows = step.IsLast && !step.Mode.HasFlag(AllocateMode.KeepSize) && step.EndBytes > before.SizeBytes;
        var content = before with
        {
            SizeBytes = grows ? step.EndBytes : before.SizeBytes,
            AllocatedBytes = allocated,
        };
        var isData = grows || step.Mode.HasFlag(AllocateMode.PunchHole) || step.Mode.HasFlag(AllocateMode.ZeroRange);
        var after = isData ? content.Modified(batch.Stamp) : content.Changed(batch.Stamp);
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

    private ulong AllocateExtents(
        ShardBatch batch, in AllocateStep step, in InodeAttributes before, ref ReadVersion version)
    {
        var allocated = before.AllocatedBytes;
        var updates = new List<ExtentPiece>();
        for (var i = 0u; i < step.Range.ExtentCount; i++)
        {
            var index = step.Range.FirstExtent + i;
            var extent = before.AllocatedBytes == 0 ? null : Shard.FindExtent(Inode, index, ref version);
            var (start, end) = step.Range.Within(index);
            updates.Clear();
            AllocateRules.AddUpdates(step.Mode, extent, start, end, updates);
            if (updates.Count == 0) continue;
            var after = batch.Splice(extent, Inode, index,
                System.Runtime.InteropServices.CollectionsMarshal.AsSpan(updates));
            allocated += (after?.AllocatedBytes ?? 0) - (ulong)(extent?.AllocatedBytes ?? 0);
        }

        return allocated;
    }

    private readonly record struct AllocateStep(AllocateMode Mode, ByteRange Range, ulong EndBytes, bool IsLast);
}
