using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>Extents, inline content, extended attributes, references.</summary>
internal sealed class ContentCheck(List<CheckFinding> findings, Dictionary<InodeId, CheckedInode> inodes)
{
    private readonly Dictionary<ChunkLocation, (int Count, uint StoredBytes, uint Checksum)> _references = [];

    public IReadOnlyDictionary<ChunkLocation, ReferenceDelta> References => _references.ToDictionary(
        pair => pair.Key,
        pair => new ReferenceDelta(pair.Key, pair.Value.StoredBytes, pair.Value.Checksum, pair.Value.Count));

    /// <summary>Whether a file has content that an earlier repair found lost.</summary>
    public bool HasLost { get; private set; }

    public void AddExtent(ShardId shard, ExtentRow row)
    {
        var where = $"inode {row.Inode}, extent {row.Index}";
        var owner = FindOwner(shard, row.Inode, where);
        if (owner is not null)
        {
            owner.HasExtents = true;
            owner.StoredBytes += row.AllocatedBytes;
            if (!owner.Row.Attributes.IsRegular) Error("An extent belongs to what is no file", where,
                "Drop the extent");
        }

        if (row.Pieces.Length == 0) Error("An extent is empty", where, "Drop the row");
        var end = 0UL;
        var start = (ulong)row.Index * Limits.ExtentBytes;
        foreach (var piece in row.Pieces)
        {
            var isInside = piece.Length > 0 && (ulong)piece.Offset + piece.Length <= Limits.ExtentBytes;
            if (piece.Offset < end || !isInside || piece.Kind is PieceKind.Hole or > PieceKind.Lost)
            {
                Error("Pieces of an extent overlap or lie outside of it", $"{where}, offset {piece.Offset}",
                    "Copy what is readable of the file and remove it");
            }

            end = (ulong)piece.Offset + piece.Length;
            HasLost |= piece.Kind == PieceKind.Lost;
            if (!piece.IsStored) continue;
            if (owner is not null && start + piece.Offset >= owner.Row.Attributes.SizeBytes)
            {
                Error("Stored bytes lie beyond the end of the file", $"{where}, offset {piece.Offset}",
                    "Truncate the file to its size");
            }

            AddReference(piece, where);
        }
    }

    public void AddInline(ShardId shard, InlineRow row)
    {
        var where = $"inode {row.Inode}";
        if (FindOwner(shard, row.Inode, where) is not { } owner) return;
        owner.HasInline = true;
        var attributes = owner.Row.Attributes;
        if (attributes.IsRegular) owner.StoredBytes += (ulong)row.Bytes.Length;
        if (!attributes.IsRegular && !FileMode.IsSymlink(attributes.Mode))
        {
            Error("Inline content belongs to what is neither file nor symlink", where, "Drop the row");
        }
        else if ((ulong)row.Bytes.Length > attributes.SizeBytes)
        {
            Error($"Inline content of {row.Bytes.Length} bytes is longer than the file of {attributes.SizeBytes}",
                where,
                "Correct the size");
        }
    }

    public void AddXattr(ShardId shard, XattrRow row) =>
        FindOwner(shard, row.Inode, $"inode {row.Inode}, extended attribute '{row.Name}'");

    public void Finish()
    {
        foreach (var inode in inodes.Values)
        {
            var (where, attributes) = ($"inode {inode.Row.Inode}", inode.Row.Attributes);
            if (inode.HasInline && inode.HasExtents)
            {
                Error("A file has inline content and extents", where, "Drop the inline content");
            }

            if (FileMode.IsSymlink(attributes.Mode) && !inode.HasInline)
            {
                Error("A symlink has no target", where, "Remove it");
            }

            if (attributes.IsRegular && attributes.AllocatedBytes != inode.StoredBytes)
            {
                findings.Add(new(CheckSeverity.Warning,
                    $"A file says that {attributes.AllocatedBytes} bytes are allocated, but {inode.StoredBytes} are",
                        where,
                    "Correct the figure"));
            }
        }
    }

    private void AddReference(in ExtentPiece piece, string where)
    {
        var known = _references.GetValueOrDefault(piece.Location, (0, piece.StoredBytes, piece.Checksum));
        if (known.Item2 != piece.StoredBytes || known.Item3 != piece.Checksum)
        {
            Error("Two references to one place disagree on what is stored there", $"{where}, location {piece.Location}",
                "Read both files; the one whose bytes do not verify is lost");
        }

        _references[piece.Location] = (known.Item1 + 1, known.Item2, known.Item3);
    }

    private CheckedInode? FindOwner(ShardId shard, InodeId id, string where)
    {
        if (id.Shard == shard && inodes.TryGetValue(id, out var owner)) return owner;
        Error("A row belongs to an inode that is not there", where, "Drop the row; its space can be freed");
        return null;
    }

    private void Error(string what, string where, string advice) =>
        findings.Add(new(CheckSeverity.Error, what, where, advice));
}
