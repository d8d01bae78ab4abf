using System.Runtime.CompilerServices;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Operations;

/// <summary>Requests about names.</summary>
internal sealed partial class FuseOperations
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask LookupAsync(FuseRequest request)
    {
        if (!request.TryReadName(out var name)) return;
        var found = await FileSystem.LookupAsync(request.Inode, name, request.Cancellation);
        if (found.IsError) request.ReplyError(found.Error);
        else if (found.Value.Attributes.Inode.IsNone) request.ReplyAbsent(found.Value);
        else request.ReplyEntry(found.Value);
    }

    private ValueTask MkNodAsync(FuseRequest request) =>
        !request.TryRead(out FuseMkNodIn make) || !request.TryReadName(out var name)
            ? default
            : MakeAsync(request, name, make.Mode, make.Rdev, default);

    private ValueTask MkDirAsync(FuseRequest request) =>
        !request.TryRead(out FuseMkDirIn make) || !request.TryReadName(out var name)
            ? default
            : MakeAsync(request, name, FileMode.Directory | (make.Mode & FileMode.PermissionMask), 0, default);

    private ValueTask SymlinkAsync(FuseRequest request)
    {
        if (!request.TryReadName(out var name) || !request.TryReadText(out var target)) return default;
        if (target.Length == 0) return RefuseAsync(request, FsError.ENOENT);
        if (target.Length > Limits.SymlinkBytesMax) return RefuseAsync(request, FsError.ENAMETOOLONG);
        return MakeAsync(request, name, FileMode.Symlink | 0x1FF, 0, target.ToArray());
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask MakeAsync(
        FuseRequest request, FsName name, uint mode, uint rdev, ReadOnlyMemory<byte> target)
    {
        var made = await FileSystem.MakeAsync(
            request.Inode, name, mode, rdev, target, request.Caller, request.Cancellation);
        if (made.IsError) request.ReplyError(made.Error);
        else request.ReplyEntry(made.Value);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask LinkAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseLinkIn link) || !request.TryReadName(out var name)) return;
        var linked = await FileSystem.LinkAsync(
            new(link.OldNode), request.Inode, name, request.Caller, request.Cancellation);
        if (linked.IsError) request.ReplyError(linked.Error);
        else request.ReplyEntry(linked.Value);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask UnlinkAsync(FuseRequest request)
    {
        if (!request.TryReadName(out var name)) return;
        request.ReplyResult(await FileSystem.UnlinkAsync(request.Inode, name, request.Caller, request.Cancellation));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RmDirAsync(FuseRequest request)
    {
        if (!request.TryReadName(out var name)) return;
        request.ReplyResult(
            await FileSystem.RemoveDirectoryAsync(request.Inode, name, request.Caller, request.Cancellation));
    }

    private ValueTask RenameAsync(FuseRequest request) =>
        request.TryRead(out FuseRenameIn rename) ? RenameAsync(request, new(rename.NewParent), RenameFlags.None)
            : default;

    private ValueTask Rename2Async(FuseRequest request)
    {
        if (!request.TryRead(out FuseRename2In rename)) return default;
        var flags = (RenameFlags)rename.Flags;
        var isKnown = flags is RenameFlags.None or RenameFlags.NoReplace or RenameFlags.Exchange;
        return isKnown ? RenameAsync(request, new(rename.NewParent), flags) : RefuseAsync(request, FsError.EINVAL);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RenameAsync(FuseRequest request, InodeId newParent, RenameFlags flags)
    {
        if (!request.TryReadName(out var name) || !request.TryReadName(out var newName)) return;
        request.ReplyResult(await FileSystem.RenameAsync(
            request.Inode, name, newParent, newName, flags, request.Caller, request.Cancellation));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReadLinkAsync(FuseRequest request)
    {
        var target = await FileSystem.ReadLinkAsync(request.Inode, request.Cancellation);
        if (target.IsError) request.ReplyError(target.Error);
        else ReplyCopied(request, target.Value);
    }

    private static ValueTask RefuseAsync(FuseRequest request, FsError error)
    {
        request.ReplyError(error);
        return default;
    }

    private static void ReplyCopied(FuseRequest request, ReadOnlyMemory<byte> bytes)
    {
        bytes.CopyTo(request.Payload);
        request.SendBytes(bytes.Length);
    }
}
