using System.Collections.Immutable;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// Puts content and figures in order: inodes whose row is lost but not their content, pieces, sizes, counters.
/// </summary>
/// <param name="rows">What is mended.</param>
/// <param name="lostItems">Stored items that cannot be read.</param>
/// <param name="stamp">Time of what is made.</param>
internal sealed class ContentRepair(RowSet rows, IReadOnlySet<ChunkLocation> lostItems, Stamp stamp)
{
    private const uint LostFileMode = 0x180;        // 0600
    private const uint LostDirectoryMode = 0x1C0;   // 0700

    private readonly HashSet<InodeId> _made = [];
    private readonly Dictionary<ChunkLocation, (uint StoredBytes, uint Checksum)> _stored = [];

    /// <summary>Makes inodes again that something shows to have been there. Before the tree is put in order.</summary>
    public void MakeLostInodes()
    {
        var types = new Dictionary<InodeId, byte>();
        foreach (var entry in rows.Entries) types.TryAdd(entry.Child, entry.Type);
        foreach (var directory in rows.Entries.Select(static entry => entry.Directory).Distinct().ToList())
        {
            if (rows.Inodes.ContainsKey(directory)) continue;
            Make(directory, FileMode.Directory | LostDirectoryMode, 0);
        }

        var symlink = FileMode.DirentType(FileMode.Symlink);
        foreach (var inode in rows.Extents.Keys.Concat(rows.Inlines.Keys).Distinct().ToList())
        {
            if (rows.Inodes.ContainsKey(inode)) continue;
            var isSymlink = types.GetValueOrDefault(inode) == symlink && rows.Inlines.ContainsKey(inode);
            var size = EndOf(inode);
            Make(inode, (isSymlink ? FileMode.Symlink : FileMode.Regular) | LostFileMode, size);
        }
    }

    /// <summary>Puts the content of all inodes in order. Before the tree: a symlink without a target goes.</summary>
    public void MendContent()
    {
        foreach (var inode in rows.Inodes.Values.ToList()) Mend(inode);
        foreach (var inode in rows.Extents.Keys.Concat(rows.Inlines.Keys).Distinct().ToList())
        {
            if (rows.Inodes.ContainsKey(inode)) continue;
            rows.Extents.Remove(inode);
            rows.Inlines.Remove(inode);
        }

        foreach (var xattr in rows.Xattrs.Where(row => !rows.Inodes.ContainsKey(row.Inode)))
            rows.SayLost($"The extended attribute '{xattr.Name}' of a lost inode was dropped", $"inode {xattr.Inode}");
        rows.Xattrs.RemoveAll(row => !rows.Inodes.ContainsKey(row.Inode));
    }

    /// <summary>Counts usage anew, and promises the numbers that are in use. After the tree.</summary>
    public void Count()
    {
        var usage = new SortedDictionary<(int Shard, long Counter), Usage>();
        var highest = new SortedDictionary<ShardId, ulong>();
        foreach (var inode in rows.Inodes.Values)
        {
            var (shard, attributes) = (inode.Inode.Shard, inode.Attributes);
            Add(CounterKey.User(attributes.Uid));
            Add(CounterKey.Group(attributes.Gid));
            highest[shard] = Math.Max(highest.GetValueOrDefault(shard), inode.Inode.Counter);

            void Add(CounterKey counter)
            {
                var known = usage.GetValueOrDefault((shard.Value, counter.Value));
                usage[(shard.Value, counter.Value)] =
                    new(known.Bytes + (long)attributes.AllocatedBytes, known.Inodes + 1);
            }
        }

        rows.Counters.Clear();
        foreach (var ((shard, counter), sum) in usage)
        {
            rows.Counters.Add(new(
                new((ushort)shard), new CounterRow(CounterKey.Of(counter), sum.Bytes, sum.Inodes, stamp)));
        }

        // A number that was given out before the row was lost must not come again: a client may still hold it.
        const ulong unknownNumbers = 1 << 20;
        foreach (var (shard, last) in highest)
        {
            var isRootAlone = shard == InodeId.Root.Shard && last == InodeId.Root.Counter;
            if (!rows.Shards.TryGetValue(shard, out var row))
            {
                if (isRootAlone) continue;   // whose number is nobody's promise
                rows.Shards[shard] = new(shard, last + unknownNumbers, HasCollisions: true, stamp);
                rows.Say("What a shard promised was lost: its numbers go on far above those in use", $"shard {shard}");
            }
            else if (row.InodeCeiling <= last)
            {
                rows.Shards[shard] = row with { InodeCeiling = last + unknownNumbers };
                rows.Say("A shard had promised fewer numbers than are in use", $"shard {shard}");
            }
        }
    }

    private void Make(InodeId id, uint mode, ulong size)
    {
        var attributes = new InodeAttributes(
            id, 1, mode, 1, 0, 0, 0, size, 0, stamp, stamp, stamp, stamp, 1);
        rows.Inodes[id] = new(attributes, InodeId.None, stamp);
        _made.Add(id);
        rows.SayLost("Owner, permissions, times and exact size were lost; the content was kept, for root alone",
            $"inode {id}");
    }

    private ulong EndOf(InodeId inode)
    {
        var end = (ulong)(rows.Inlines.GetValueOrDefault(inode)?.Bytes.Length ?? 0);
        foreach (var extent in rows.Extents.GetValueOrDefault(inode) ?? [])
        {
            foreach (var piece in extent.Pieces)
            {
                end = Math.Max(end, ((ulong)extent.Index * Limits.ExtentBytes) + piece.Offset + piece.Length);
            }
        }

        return end;
    }

    private void Mend(InodeRow row)
    {
        var (id, attributes) = (row.Inode, row.Attributes);
        var where = $"inode {id}";
        var isSymlink = FileMode.IsSymlink(attributes.Mode);
        if (!attributes.IsRegular && rows.Extents.Remove(id))
            rows.Say("Extents of what is no file were dropped", where);
        if (!attributes.IsRegular && !isSymlink && rows.Inlines.Remove(id))
            rows.Say("Inline content of what is neither file nor symlink was dropped", where);
        if (rows.Extents.ContainsKey(id) && rows.Inlines.Remove(id))
            rows.SayLost("Inline content beside extents was dropped", where);
        if (isSymlink && !rows.Inlines.ContainsKey(id))
        {
            rows.Inodes.Remove(id);
            rows.SayLost("A symlink without a target was removed", where);
            return;
        }

        var inlineBytes = (ulong)(rows.Inlines.GetValueOrDefault(id)?.Bytes.Length ?? 0);
        if (inlineBytes > attributes.SizeBytes)
        {
            attributes = attributes with { SizeBytes = inlineBytes };
            rows.Say($"The size was corrected to {inlineBytes}", where);
        }

        if (attributes.IsRegular)
        {
            var allocated = MendExtents(id, attributes.SizeBytes) + inlineBytes;
            var isMissing = _made.Contains(id) ? rows.LacksContent : allocated < attributes.AllocatedBytes;
            if (isMissing && inlineBytes == 0) allocated += RecordHoles(id, attributes.SizeBytes);
            attributes = attributes with { AllocatedBytes = allocated };
        }

        rows.Inodes[id] = row with { Attributes = attributes };
    }

    // Two pieces in one place hold the same: of others nobody knows which is right.
    private bool Agrees(in ExtentPiece piece)
    {
        var stored = (piece.StoredBytes, piece.Checksum);
        return _stored.TryAdd(piece.Location, stored) || _stored[piece.Location] == stored;
    }

    // What overlaps is dropped, the later first: of two pieces for one byte nobody knows which is right.
    private ulong MendExtents(InodeId id, ulong size)
    {
        if (!rows.Extents.TryGetValue(id, out var extents)) return 0;
        var kept = new List<ExtentRow>();
        var allocated = 0UL;
        foreach (var extent in extents)
        {
            var start = (ulong)extent.Index * Limits.ExtentBytes;
            var pieces = ImmutableArray.CreateBuilder<ExtentPiece>();
            var end = 0UL;
            foreach (var known in extent.Pieces)
            {
                var piece = Look(known, id, start);
                var isSound = piece.Length > 0 && (ulong)piece.Offset + piece.Length <= Limits.ExtentBytes
                    && piece.Offset >= end && piece.Kind is not (PieceKind.Hole or > PieceKind.Lost);
                if (isSound && (!piece.IsStored || (start + piece.Offset < size && Agrees(piece))))
                {
                    pieces.Add(piece);
                    end = (ulong)piece.Offset + piece.Length;
                    continue;
                }

                rows.SayLost(
                    $"{piece.Length} bytes at {start + piece.Offset} contradicted others or lay outside: they were "
                    + "dropped",
                    $"inode {id}");
            }

            if (pieces.Count == 0) continue;
            var mended = extent with { Pieces = pieces.ToImmutable() };
            allocated += mended.AllocatedBytes;
            kept.Add(mended);
        }

        if (kept.Count > 0) rows.Extents[id] = kept;
        else rows.Extents.Remove(id);
        return allocated;
    }

    private ExtentPiece Look(in ExtentPiece piece, InodeId id, ulong start)
    {
        if (!piece.IsStored || !lostItems.Contains(piece.Location)) return piece;
        rows.SayLost(
            $"{piece.Length} bytes at {start + piece.Offset} cannot be read: they are recorded as lost", $"inode {id}");
        return LostPiece(piece.Offset, piece.End);
    }

    // Which part of a file a lost row was, nobody knows: each of its holes may be one, and zeros would be a lie.
    private ulong RecordHoles(InodeId id, ulong size)
    {
        var known = (rows.Extents.GetValueOrDefault(id) ?? []).ToDictionary(static extent => extent.Index);
        var count = (size + Limits.ExtentBytes - 1) / Limits.ExtentBytes;
        var lost = 0UL;
        var added = 0;
        for (var index = 0u; index < count && added < StoreLimits.LostExtentsPerFileMax; index++)
        {
            var end = (uint)Math.Min(Limits.ExtentBytes, size - ((ulong)index * Limits.ExtentBytes));
            var row = known.GetValueOrDefault(index) ?? new(id, index, [], stamp);
            var pieces = ImmutableArray.CreateBuilder<ExtentPiece>();
            var at = 0u;
            foreach (var piece in row.Pieces)
            {
                if (piece.Offset > at) pieces.Add(LostPiece(at, piece.Offset));
                pieces.Add(piece);
                at = piece.End;
            }

            if (at < end) pieces.Add(LostPiece(at, end));
            if (pieces.Count == row.Pieces.Length) continue;
            known[index] = row with { Pieces = pieces.ToImmutable() };
            lost += known[index].AllocatedBytes - row.AllocatedBytes;
            added++;
        }

        if (lost == 0) return 0;
        rows.Extents[id] = [.. known.Values.OrderBy(static extent => extent.Index)];
        var rest = added < StoreLimits.LostExtentsPerFileMax ? "" : "; further on, such bytes are zeros";
        rows.SayLost($"A part of the content was lost: the {lost} bytes of which nothing is known give EIO now{rest}",
            $"inode {id}");
        return lost;
    }

    private static ExtentPiece LostPiece(uint start, uint end) =>
        new(start, end - start, PieceKind.Lost, 0, default, 0, 0, 0, default);
}
