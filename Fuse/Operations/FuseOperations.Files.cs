using System.Runtime.CompilerServices;
using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Operations;

/// <summary>Requests about open files.</summary>
internal sealed partial class FuseOperations
{
    private const AllocateMode AllocateModes = AllocateMode.KeepSize | AllocateMode.PunchHole | AllocateMode.ZeroRange;
    private const int OpenCreate = 0x40; // O_CREAT
    private const uint OpenAppend = 0x400; // O_APPEND
    private const int OpenAccessMask = 3; // O_ACCMODE; 0 is O_RDONLY
    private const uint CopyBytesMax = uint.MaxValue & ~4095u; // what the 32 bits of the old reply hold

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask OpenAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseOpenIn open)) return;
        if ((open.OpenFlags & FuseBits.OpenKillSuidGid) != 0
            && !await TryKillPrivilegesAsync(request, request.Inode)) return;
        var opened = await FileSystem.OpenAsync(request.Inode, open.Flags, request.Caller, request.Cancellation);
        if (opened.IsError)
        {
            request.ReplyError(opened.Error);
            return;
        }

        var reply = ToOpenOut(opened.Value);

        // Who only reads has nothing to write back and no error to be told: one request less for each close.
        if ((open.Flags & OpenAccessMask) == 0) reply.OpenFlags |= FuseOpenReply.NoFlush;
        if (!request.Reply(in reply)) await ReleaseUnwantedAsync(request.Inode, opened.Value.Handle);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CreateAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseCreateIn create) || !request.TryReadName(out var name)) return;
        var mode = FileMode.Regular | (create.Mode & FileMode.PermissionMask);
        var created = await FileSystem.CreateAsync(
            request.Inode, name, mode, create.Flags | OpenCreate, request.Caller, request.Cancellation);
        if (created.IsError)
        {
            request.ReplyError(created.Error);
            return;
        }

        var (node, file) = created.Value;
        var inode = node.Attributes.Inode;
        if ((create.OpenFlags & FuseBits.OpenKillSuidGid) != 0 && !await TryKillPrivilegesAsync(request, inode))
        {
            await ReleaseUnwantedAsync(inode, file.Handle);
            return;
        }

        if (!request.ReplyCreated(node, ToOpenOut(file))) await ReleaseUnwantedAsync(inode, file.Handle);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReadAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseReadIn read)) return;
        if (read.Size > Limits.FuseRequestBytesMax || read.Offset > long.MaxValue)
        {
            request.ReplyError(FsError.EINVAL);
            return;
        }

        var destination = request.Payload[..(int)read.Size];
        var result = await FileSystem.ReadAsync(
            request.Inode, read.Handle, (long)read.Offset, destination, request.Cancellation);
        if (result.IsError)
        {
            request.ReplyError(result.Error);
            return;
        }

        Invariant.That((uint)result.Value <= read.Size);
        request.DataBytes = result.Value;
        request.SendBytes(result.Value);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WriteAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseWriteIn write) || !request.TryReadBytes(write.Size, out var source)) return;
        if (write.Offset > long.MaxValue)
        {
            request.ReplyError(FsError.EFBIG);
            return;
        }

        var killPrivileges = (write.WriteFlags & FuseBits.WriteKillSuidGid) != 0;
        var hasPrivileges = killPrivileges && await HasPrivilegesAsync(request, request.Inode);

        // The kernel appends where it last saw the end of the file; another mount may have moved that since.
        var appends = (write.Flags & OpenAppend) != 0 && (write.WriteFlags & FuseBits.WriteCache) == 0;
        var offset = appends ? IFileSystem.AtEnd : (long)write.Offset;
        var result = await FileSystem.WriteAsync(
            request.Inode, write.Handle, offset, source, killPrivileges, request.Caller,
                request.Cancellation);
        if (result.IsError)
        {
            request.ReplyError(result.Error);
            return;
        }

        if (hasPrivileges) await FileSystem.InvalidationSink.InvalidateInodeAsync(request.Inode, offset: -1, length: 0);
        request.DataBytes = result.Value;
        FuseWriteOut reply = new() { Size = (uint)result.Value };
        request.Reply(in reply);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FlushAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseFlushIn flush)) return;
        request.ReplyResult(await FileSystem.FlushAsync(request.Inode, flush.Handle, request.Cancellation));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReleaseAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseReleaseIn release)) return;
        request.ReplyResult(await FileSystem.ReleaseAsync(request.Inode, release.Handle, request.Cancellation));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SyncAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseFSyncIn sync)) return;
        var dataOnly = (sync.Flags & FuseBits.FSyncDataOnly) != 0;
        request.ReplyResult(await FileSystem.SyncAsync(request.Inode, dataOnly, request.Cancellation));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SyncAllAsync(FuseRequest request) =>
        request.ReplyResult(await FileSystem.SyncAsync(InodeId.Root, dataOnly: false, request.Cancellation));

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask AllocateAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseFAllocateIn allocate)) return;
        var mode = (AllocateMode)allocate.Mode;
        if ((mode & ~AllocateModes) != 0)
        {
            request.ReplyError(FsError.EOPNOTSUPP);
        }
        else if (allocate.Offset > long.MaxValue || allocate.Length > long.MaxValue - allocate.Offset)
        {
            request.ReplyError(FsError.EFBIG);
        }
        else
        {
            request.ReplyResult(
                await FileSystem.AllocateAsync(request.Inode, allocate.Handle, mode, (long)allocate.Offset,
                (long)allocate.Length, request.Caller, request.Cancellation));
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SeekAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseLSeekIn seek)) return;
        var whence = (SeekWhence)seek.Whence;
        if (whence is not (SeekWhence.Data or SeekWhence.Hole))
        {
            request.ReplyError(FsError.EINVAL);
            return;
        }

        if (seek.Offset > long.MaxValue)
        {
            request.ReplyError(FsError.ENXIO);
            return;
        }

        var found = await FileSystem.SeekAsync(
            request.Inode, seek.Handle, (long)seek.Offset, whence, request.Cancellation);
        if (found.IsError)
        {
            request.ReplyError(found.Error);
            return;
        }

        FuseLSeekOut reply = new() { Offset = (ulong)found.Value };
        request.Reply(in reply);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask CopyRangeAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseCopyFileRangeIn copy)) return;
        var is64 = request.Opcode == FuseOpcode.CopyFileRange64;
        var length = Math.Min(copy.Length, is64 ? (ulong)Limits.FileBytesMax : CopyBytesMax);
        if (copy.Flags != 0 || copy.OffsetIn > long.MaxValue || copy.OffsetOut > long.MaxValue)
        {
            request.ReplyError(FsError.EINVAL);
            return;
        }

        var copied =
            await FileSystem.CopyRangeAsync(request.Inode, copy.HandleIn, (long)copy.OffsetIn, new(copy.NodeOut),
            copy.HandleOut, (long)copy.OffsetOut, (long)length, request.Caller, request.Cancellation);
        if (copied.IsError)
        {
            request.ReplyError(copied.Error);
        }
        else if (is64)
        {
            FuseCopyFileRangeOut reply = new() { BytesCopied = (ulong)copied.Value };
            request.Reply(in reply);
        }
        else
        {
            FuseWriteOut reply = new() { Size = (uint)copied.Value };
            request.Reply(in reply);
        }
    }

    private static FuseOpenOut ToOpenOut(in OpenedFile file) => new()
    {
        Handle = file.Handle,
        OpenFlags =
            FuseOpenReply.ParallelDirectWrites | (file.KeepCache ? FuseOpenReply.KeepCache : FuseOpenReply.None),
    };

    // The kernel does not know that a write or an O_TRUNC has cleared them, and would go by its cached mode.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> HasPrivilegesAsync(FuseRequest request, InodeId inode)
    {
        var node = await FileSystem.GetAttributesAsync(inode, request.Cancellation);
        return !node.IsError && (node.Value.Attributes.Mode & (FileMode.SetUid | FileMode.SetGid)) != 0;
    }

    // O_TRUNC by one who may not keep set-id bits. False when it failed: then the request has been answered.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> TryKillPrivilegesAsync(FuseRequest request, InodeId inode)
    {
        if (!await HasPrivilegesAsync(request, inode)) return true;
        AttributesChange kill = new(AttributeMask.KillPrivileges, 0, 0, 0, 0, default, default, default);
        var killed = await FileSystem.SetAttributesAsync(inode, kill, request.Caller, request.Cancellation);
        if (killed.IsError)
        {
            request.ReplyError(killed.Error);
            return false;
        }

        await FileSystem.InvalidationSink.InvalidateInodeAsync(inode, offset: -1, length: 0);
        return true;
    }

    // The kernel did not take the handle: nobody will release it.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReleaseUnwantedAsync(InodeId inode, ulong handle)
    {
        var released = await FileSystem.ReleaseAsync(inode, handle, CancellationToken.None);
        if (released.IsError) session.Log.ReleaseFailed(inode, released.Error);
    }
}
