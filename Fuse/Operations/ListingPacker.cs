using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;

namespace ClaudeFs.Fuse.Operations;

/// <summary>Lays entries of a directory into a READDIR or READDIRPLUS reply.</summary>
internal ref struct ListingPacker(Span<byte> room, bool withAttributes, bool mayCache)
{
    private readonly Span<byte> _room = room;

    /// <summary>Bytes used.</summary>
    internal int Length { get; private set; }

    /// <summary>False when the entry does not fit any more; the kernel asks again from the last one's cookie.</summary>
    internal bool TryAdd(in ListedEntry entry)
    {
        var headBytes = (withAttributes ? Unsafe.SizeOf<FuseEntryOut>() : 0) + Unsafe.SizeOf<FuseDirent>();
        var bytes = (headBytes + entry.Name.Length + 7) & ~7;
        if (bytes > _room.Length - Length) return false;

        var at = _room.Slice(Length, bytes);
        at[^8..].Clear(); // the padding
        if (withAttributes)
        {
            // An inode of 0 tells the kernel to take the name only.
            var node = entry.Node.Attributes.Inode.IsNone ? default : Translate.ToEntry(entry.Node, mayCache);
            MemoryMarshal.Write(at, in node);
            at = at[Unsafe.SizeOf<FuseEntryOut>()..];
        }

        FuseDirent dirent = new()
        {
            Inode = entry.Inode.Value,
            Offset = entry.Cookie,
            NameLength = (uint)entry.Name.Length,
            Type = entry.Type,
        };
        MemoryMarshal.Write(at, in dirent);
        entry.Name.Span.CopyTo(at[Unsafe.SizeOf<FuseDirent>()..]);
        Length += bytes;
        return true;
    }
}
