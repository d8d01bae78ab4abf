using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Operations;

/// <summary>Values of the file system as structures of the protocol.</summary>
internal static class Translate
{
    private const uint BlockBytes = 4096;
    private const uint SectorBytes = 512; // what st_blocks counts
    private const uint StatXBasicAndBirth = 0x7FF | 0x800;
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>With <paramref name="mayCache"/> false the kernel asks again next time.</summary>
    internal static FuseEntryOut ToEntry(in Node node, bool mayCache)
    {
        FuseEntryOut entry = new()
        {
            NodeId = node.Attributes.Inode.Value,
            Generation = node.Attributes.Generation,
            Attr = ToAttr(node.Attributes),
        };
        if (mayCache)
        {
            (entry.EntryValid, entry.EntryValidNanoseconds) = Split(node.EntryTtl);
            (entry.AttrValid, entry.AttrValidNanoseconds) = Split(node.AttributesTtl);
        }

        return entry;
    }

    /// <summary>A name that is known not to be there.</summary>
    internal static FuseEntryOut ToAbsence(TimeSpan ttl)
    {
        FuseEntryOut entry = default;
        (entry.EntryValid, entry.EntryValidNanoseconds) = Split(ttl);
        return entry;
    }

    internal static FuseAttrOut ToAttrOut(in Node node, bool mayCache)
    {
        FuseAttrOut reply = new() { Attr = ToAttr(node.Attributes) };
        if (mayCache) (reply.AttrValid, reply.AttrValidNanoseconds) = Split(node.AttributesTtl);
        return reply;
    }

    internal static FuseStatXOut ToStatX(in Node node, bool mayCache)
    {
        var attributes = node.Attributes;
        FuseStatXOut reply = new()
        {
            Mask = StatXBasicAndBirth,
            BlockSize = BlockBytes,
            Nlink = attributes.Nlink,
            Uid = attributes.Uid,
            Gid = attributes.Gid,
            Mode = (ushort)attributes.Mode,
            Inode = attributes.Inode.Value,
            Size = attributes.SizeBytes,
            Blocks = SectorsOf(attributes),
            Atime = ToStatXTime(attributes.Atime),
            Btime = ToStatXTime(attributes.Btime),
            Ctime = ToStatXTime(attributes.Ctime),
            Mtime = ToStatXTime(attributes.Mtime),
            RdevMajor = (attributes.Rdev & 0xFFF00) >> 8,
            RdevMinor = (attributes.Rdev & 0xFF) | ((attributes.Rdev >> 12) & 0xFFF00),
        };
        if (mayCache) (reply.AttrValid, reply.AttrValidNanoseconds) = Split(node.AttributesTtl);
        return reply;
    }

    internal static FuseStatFsOut ToStatFs(in FileSystemSpace space) => new()
    {
        Blocks = space.TotalBytes / BlockBytes,
        BlocksFree = space.FreeBytes / BlockBytes,
        BlocksAvailable = space.FreeBytes / BlockBytes,
        Files = space.TotalInodes,
        FilesFree = space.FreeInodes,
        BlockSize = BlockBytes,
        FragmentSize = BlockBytes,
        NameLength = Limits.NameBytesMax,
    };

    /// <summary>Times of SETATTR; what a stamp cannot hold becomes the nearest that it can.</summary>
    internal static Stamp ToStamp(ulong seconds, uint nanoseconds)
    {
        var total = (Int128)(long)seconds * NanosecondsPerSecond + nanoseconds;
        return new((long)Int128.Clamp(total, long.MinValue, long.MaxValue));
    }

    private static FuseAttr ToAttr(in InodeAttributes attributes)
    {
        FuseAttr attr = new()
        {
            Inode = attributes.Inode.Value,
            Size = attributes.SizeBytes,
            Blocks = SectorsOf(attributes),
            Mode = attributes.Mode,
            Nlink = attributes.Nlink,
            Uid = attributes.Uid,
            Gid = attributes.Gid,
            Rdev = attributes.Rdev,
            BlockSize = BlockBytes,
        };
        (attr.Atime, attr.AtimeNanoseconds) = Split(attributes.Atime);
        (attr.Mtime, attr.MtimeNanoseconds) = Split(attributes.Mtime);
        (attr.Ctime, attr.CtimeNanoseconds) = Split(attributes.Ctime);
        return attr;
    }

    private static ulong SectorsOf(in InodeAttributes attributes) =>
        attributes.AllocatedBytes / SectorBytes + (attributes.AllocatedBytes % SectorBytes == 0 ? 0UL : 1UL);

    private static FuseStatXTime ToStatXTime(Stamp stamp)
    {
        var (seconds, nanoseconds) = Split(stamp);
        return new() { Seconds = (long)seconds, Nanoseconds = nanoseconds };
    }

    // Rounded towards the past, so that nanoseconds are never negative.
    private static (ulong Seconds, uint Nanoseconds) Split(Stamp stamp)
    {
        var (seconds, nanoseconds) = Math.DivRem(stamp.Nanoseconds, NanosecondsPerSecond);
        return nanoseconds >= 0
            ? ((ulong)seconds, (uint)nanoseconds)
            : ((ulong)(seconds - 1), (uint)(nanoseconds + NanosecondsPerSecond));
    }

    private static (ulong Seconds, uint Nanoseconds) Split(TimeSpan ttl)
    {
        if (ttl <= TimeSpan.Zero) return (0, 0);
        var (seconds, ticks) = Math.DivRem(ttl.Ticks, TimeSpan.TicksPerSecond);
        return ((ulong)seconds, (uint)(ticks * TimeSpan.NanosecondsPerTick));
    }
}
