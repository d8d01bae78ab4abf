using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

// Sizes: what truncation, freeing and writing do to inline content and extents. Bytes are never touched, only their
// map.
internal abstract partial class InodeOperationsGrain
{
    /// <summary>The extent that holds a byte.</summary>
    protected static uint ExtentOf(ulong offset) => (uint)(offset / Limits.ExtentBytes);

    /// <summary>
    /// Cuts a file that shrinks by many extents from its end, a bounded batch at a time, each with its own size,
    /// until one batch
    /// can do the rest.
    /// </summary>
    private async ValueTask<FsResult<Nothing>> CutLongTailAsync(OperationContext op, ulong sizeBytes)
    {
        while (IsTailLong(sizeBytes))
        {
            var part = op with { Id = op.Id with { Number = 0 }, AcknowledgedBelow = 0, Ack = AckMode.Commit };
            var cut = await ChangeAsync(part, RecallCause.DataChange, default, sizeBytes,
                static (InodeOperationsGrain self, in OperationContext op, ulong sizeBytes, out QuotaNeed need) =>
                    self.CutPartAsync(op, sizeBytes, out need));
            if (cut.IsError) return cut;
        }

        return Nothing.Value;
    }

    private bool IsTailLong(ulong sizeBytes)
    {
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row) return false;
        if (row.Attributes.AllocatedBytes <= Limits.ExtentsPerBatchMax * Limits.LocatedBytes) return false;
        var first = FirstWholeExtent(sizeBytes);
        return HasExtents(row.Attributes)
            && CountExtents(first, Limits.ExtentsPerBatchMax + 1) > Limits.ExtentsPerBatchMax;
    }

    private int CountExtents(uint first, int countMax)
    {
        var version = default(ReadVersion);
        return Shard.ReadExtents(Inode, first, new ExtentRow[countMax], ref version);
    }

    // Every part is a truncation of its own, so that a crash in between leaves a file that is whole up to its size.
    private ValueTask<FsResult<Nothing>> CutPartAsync(in OperationContext op, ulong sizeBytes, out QuotaNeed need)
    {
        need = default;
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row) return new(FsError.ESTALE);
        if (Shard.Refusal(OperationKind.ContentTruncated) is var refusal and not FsError.None) return new(refusal);
        var tail = LastExtents(FirstWholeExtent(sizeBytes));
        if (tail.Count == 0) return new(Nothing.Value);
        var batch = Shard.Begin(op, OperationKind.ContentTruncated);
        var freed = 0UL;
        foreach (var extent in tail)
        {
            freed += extent.AllocatedBytes;
            batch.DeleteExtent(extent);
        }

        var before = row.Attributes;
        var end = (ulong)tail[0].Index * Limits.ExtentBytes;
        var after = (before with
        {
            SizeBytes = Math.Min(before.SizeBytes, Math.Max(end, sizeBytes)),
            AllocatedBytes = before.AllocatedBytes - freed,
        }).Modified(batch.Stamp);
        var ticket = new QuotaTicket(Memory, Core.Quotas);
        Invariant.That(TryMoveUsage(batch, before, after, ref ticket));
        batch.Put(row with { Attributes = after, From = batch.Stamp });
        return Shard.Submit(batch).WhenDurableAsync();
    }

    // The last extents of the file, at most a batch of them, ascending.
    protected List<ExtentRow> LastExtents(uint first)
    {
        var page = new ExtentRow[Limits.ExtentsPerBatchMax];
        var low = (ulong)first;
        var high = (ulong)uint.MaxValue;
        var version = default(ReadVersion);

        // Binary search for the lowest start from which one page reaches the end of the file.
        while (low < high)
        {
            var middle = low + ((high - low) / 2);
            if (Shard.ReadExtents(Inode, (uint)middle, page, ref version) < page.Length) high = middle;
            else low = middle + 1;
        }

        var count = Shard.ReadExtents(Inode, (uint)low, page, ref version);
        return [.. page.AsSpan(0, count)];
    }

    /// <summary>
    /// Cuts or extends the content in the batch; at most a batch of extents lies beyond the new end. The attributes
    /// with the new
    /// size and allocation.
    /// </summary>
    protected InodeAttributes Resize(ShardBatch batch, in InodeAttributes before, ulong sizeBytes)
    {
        var allocated = before.AllocatedBytes;
        var version = default(ReadVersion);
        if (allocated > 0 && Shard.FindInline(Inode, ref version) is { } inline)
        {
            if (sizeBytes < (ulong)inline.Bytes.Length) allocated = CutInline(batch, inline, (int)sizeBytes);
        }
        else if (allocated > 0 && sizeBytes <= before.SizeBytes)
        {
            allocated -= CutExtents(batch, sizeBytes);
        }

        return before with { SizeBytes = sizeBytes, AllocatedBytes = allocated };
    }

    /// <summary>Frees all extents in the batch; how many bytes were allocated. At most a batch of them.</summary>
    protected ulong CutExtents(ShardBatch batch, ulong sizeBytes)
    {
        var version = default(ReadVersion);
        var rows = new ExtentRow[Limits.ExtentsPerBatchMax + 1];
        var count = Shard.ReadExtents(Inode, ExtentOf(sizeBytes), rows, ref version);
        var freed = 0UL;
        foreach (var extent in rows.AsSpan(0, count))
        {
            var start = (ulong)extent.Index * Limits.ExtentBytes;
            if (start >= sizeBytes)
            {
                freed += extent.AllocatedBytes;
                batch.DeleteExtent(extent);
                continue;
            }

            var keep = (uint)(sizeBytes - start);
            var hole = new ExtentPiece(
                keep, Limits.ExtentBytes - keep, PieceKind.Hole, 0, default, 0, 0, 0, default);
            var after = batch.Splice(extent, Inode, extent.Index, [hole]);
            freed += extent.AllocatedBytes - (after?.AllocatedBytes ?? 0);
        }

        return freed;
    }

    /// <summary>Whether the content may be extents: inline content is all that is allocated then.</summary>
    protected bool HasExtents(in InodeAttributes attributes)
    {
        if (attributes.AllocatedBytes == 0) return false;
        var version = default(ReadVersion);
        return attributes.AllocatedBytes > Limits.InlineBytesMax || Shard.FindInline(Inode, ref version) is null;
    }

    private static uint FirstWholeExtent(ulong sizeBytes) =>
        (uint)((sizeBytes + Limits.ExtentBytes - 1) / Limits.ExtentBytes);

    private ulong CutInline(ShardBatch batch, InlineRow inline, int sizeBytes)
    {
        if (sizeBytes == 0) batch.DeleteInline(Inode);
        else batch.Put(new InlineRow(Inode, inline.Bytes[..sizeBytes], batch.Stamp));
        return (ulong)sizeBytes;
    }
}
