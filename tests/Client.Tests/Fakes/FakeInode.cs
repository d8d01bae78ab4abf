using System.Collections.Immutable;
using ClaudeFs.Client.Content;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>Rows of one inode, as a grain would have them. The cluster's lock guards it.</summary>
internal sealed class FakeInode
{
    public InodeAttributes Attributes { get; set; }

    public byte[]? Inline { get; set; }

    public SortedDictionary<uint, ExtentPiece[]> Extents { get; } = [];

    public SortedDictionary<string, byte[]> Xattrs { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<ulong, (FsName Name, InodeId Child)> ByCookie { get; } = [];

    public Dictionary<FsName, ulong> ByName { get; } = [];

    public InodeId Parent { get; set; }

    public byte[]? Target { get; set; }

    public Dictionary<SessionId, (LeaseMode Mode, ulong Number)> Leases { get; } = [];

    public HashSet<SessionId> Orphans { get; } = [];

    /// <summary>Bytes that may be charged to the quota without asking.</summary>
    public ulong ReservedBytes { get; set; }

    public InodeId Find(FsName name) =>
        ByName.TryGetValue(name, out var cookie) ? ByCookie[cookie].Child : InodeId.None;

    public void Apply(WriteRequest request, Stamp now)
    {
        if (request.Inline is not null)
        {
            Inline = request.Inline;
            Extents.Clear();
        }
        else
        {
            Inline = null;
            foreach (var update in request.Updates)
            {
                var old = Extents.GetValueOrDefault(update.Index) ?? [];
                Extents[update.Index] = PieceMerge.Replace(old, update.Pieces.AsSpan());
            }
        }

        var mtime = request.Mtime > Attributes.Mtime ? request.Mtime : Attributes.Mtime;
        Attributes = Attributes with
        {
            SizeBytes = Math.Max(request.SizeBytes, Attributes.SizeBytes),
            Mtime = mtime,
            Ctime = now,
            ChangeCounter = Attributes.ChangeCounter + 1,
            AllocatedBytes = Allocated(),
            Mode = request.KillPrivileges ? Attributes.Mode & ~(FileMode.SetUid | FileMode.SetGid) : Attributes.Mode,
        };
        Apply(request.Also, now);
    }

    public void Apply(in AttributesChange change, Stamp now)
    {
        if (change.Mask == AttributeMask.None) return;
        var next = Attributes with { Ctime = now, ChangeCounter = Attributes.ChangeCounter + 1 };
        bool Has(AttributeMask bit, in AttributesChange c) => (c.Mask & bit) != 0;
        var mode = (next.Mode & FileMode.TypeMask) | (change.Mode & FileMode.PermissionMask);
        if (Has(AttributeMask.Mode, change)) next = next with { Mode = mode };
        if (Has(AttributeMask.Uid, change)) next = next with { Uid = change.Uid };
        if (Has(AttributeMask.Gid, change)) next = next with { Gid = change.Gid };
        if (Has(AttributeMask.Atime, change)) next = next with { Atime = change.Atime };
        if (Has(AttributeMask.AtimeNow, change)) next = next with { Atime = now };
        if (Has(AttributeMask.Mtime, change)) next = next with { Mtime = change.Mtime };
        if (Has(AttributeMask.MtimeNow, change)) next = next with { Mtime = now };
        if (Has(AttributeMask.Size, change))
        {
            Truncate((long)change.SizeBytes);
            next = next with { SizeBytes = change.SizeBytes, Mtime = now, AllocatedBytes = Allocated() };
        }

        Attributes = next;
    }

    public FileMap Map(uint first, uint count)
    {
        var extents = Extents.Where(pair => pair.Value.Length > 0).ToArray();
        var asked = extents.Where(pair => pair.Key >= first && pair.Key - first < count)
            .Select(static pair => new Extent(pair.Key, [.. pair.Value])).ToImmutableArray();
        var later = extents.Where(pair => pair.Key >= first && pair.Key - first >= count)
            .Select(static pair => (uint?)pair.Key);
        return new FileMap(Attributes, Inline, asked, later.FirstOrDefault());
    }

    public void Punch(ulong offset, ulong length, PieceKind kind)
    {
        for (var at = offset; at < offset + length;)
        {
            var index = (uint)(at / Limits.ExtentBytes);
            var start = (uint)(at % Limits.ExtentBytes);
            var end = (uint)Math.Min(Limits.ExtentBytes, start + (offset + length - at));
            var piece = new ExtentPiece(start, end - start, kind, 0, default, 0, 0, 0, default);
            Extents[index] = PieceMerge.Replace(Extents.GetValueOrDefault(index) ?? [], [piece]);
            at += end - start;
        }
    }

    private ulong Allocated() =>
        Inline is not null
            ? 4096
            : (ulong)Extents.Values.SelectMany(static pieces => pieces).Sum(static piece => piece.Length);

    private void Truncate(long size)
    {
        if (Inline is not null && Inline.Length > size) Inline = Inline[..(int)size];
        foreach (var index in Extents.Keys.ToArray())
        {
            var start = (long)index * Limits.ExtentBytes;
            if (start >= size) Extents.Remove(index);
            var keeps = (uint)Math.Clamp(size - start, 0, Limits.ExtentBytes);
            if (start < size) Extents[index] = PieceMerge.Truncate(Extents[index], keeps);
        }
    }
}
