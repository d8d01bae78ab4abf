using System.Runtime.InteropServices;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>Something the kernel is to drop; completes when it has.</summary>
internal sealed class KernelNotification
{
    private readonly TaskCompletionSource _done = new();

    internal InodeId Inode { get; init; }

    /// <summary>Set for a name in the directory <see cref="Inode"/>, default for the inode itself.</summary>
    internal FsName Name { get; init; }

    internal long Offset { get; init; }

    internal long Length { get; init; }

    /// <summary>When it was asked for, of the session's TimeProvider.</summary>
    internal long AskedAt { get; init; }

    internal bool IsEntry => Name.Length != 0;

    internal Task Done => _done.Task;

    /// <summary>What waits goes on here, on the notifier's loop.</summary>
    internal void Complete() => _done.TrySetResult();

    /// <summary>Lays the message into <paramref name="buffer"/>, which holds any; returns its length.</summary>
    internal int Write(Span<byte> buffer)
    {
        if (!IsEntry) return WriteInode(buffer, Inode, Offset, Length);

        FuseNotifyInvalEntryOut entry = new() { Parent = Inode.Value, NameLength = (uint)Name.Length };
        var length = WriteHead(buffer, FuseNotifyCode.InvalEntry, in entry);
        Name.Bytes.CopyTo(buffer[length..]);
        buffer[length + Name.Length] = 0;
        return Finish(buffer, length + Name.Length + 1);
    }

    /// <summary>The inode's attributes only: never waits for a page.</summary>
    internal int WriteAttributesOnly(Span<byte> buffer) => WriteInode(buffer, Inode, -1, 0);

    /// <summary>Every name of the mount is to be looked up again: waits for no lock.</summary>
    internal static int WriteIncEpoch(Span<byte> buffer)
    {
        FuseOutHeader header = new() { Error = (int)FuseNotifyCode.IncEpoch };
        MemoryMarshal.Write(buffer, in header);
        return Finish(buffer, Marshal.SizeOf<FuseOutHeader>());
    }

    private static int WriteInode(Span<byte> buffer, InodeId inode, long offset, long length)
    {
        FuseNotifyInvalInodeOut body = new() { Inode = inode.Value, Offset = offset, Length = length };
        return Finish(buffer, WriteHead(buffer, FuseNotifyCode.InvalInode, in body));
    }

    private static int WriteHead<T>(Span<byte> buffer, FuseNotifyCode code, in T body) where T : unmanaged
    {
        FuseOutHeader header = new() { Error = (int)code };
        MemoryMarshal.Write(buffer, in header);
        MemoryMarshal.Write(buffer[Marshal.SizeOf<FuseOutHeader>()..], in body);
        return Marshal.SizeOf<FuseOutHeader>() + Marshal.SizeOf<T>();
    }

    private static int Finish(Span<byte> buffer, int length)
    {
        MemoryMarshal.Write(buffer, (uint)length);
        return length;
    }
}
