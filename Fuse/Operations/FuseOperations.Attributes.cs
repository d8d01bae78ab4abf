using System.Runtime.CompilerServices;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Operations;

/// <summary>Requests about attributes, extended attributes and the file system as a whole.</summary>
internal sealed partial class FuseOperations
{
    private static ReadOnlySpan<byte> AclPrefix => "system.posix_acl_"u8;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask GetAttrAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseGetAttrIn _)) return;
        var node = await FileSystem.GetAttributesAsync(request.Inode, request.Cancellation);
        if (node.IsError) request.ReplyError(node.Error);
        else request.ReplyAttributes(node.Value);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask StatXAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseStatXIn _)) return;
        var node = await FileSystem.GetAttributesAsync(request.Inode, request.Cancellation);
        if (node.IsError) request.ReplyError(node.Error);
        else request.ReplyStatX(node.Value);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SetAttrAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseSetAttrIn set)) return;
        var change = ToChange(set);
        var node = change.Mask == AttributeMask.None
            ? await FileSystem.GetAttributesAsync(request.Inode, request.Cancellation)
            : await FileSystem.SetAttributesAsync(request.Inode, change, request.Caller, request.Cancellation);
        if (node.IsError) request.ReplyError(node.Error);
        else request.ReplyAttributes(node.Value);
    }

    private static AttributesChange ToChange(in FuseSetAttrIn set)
    {
        var mask = Take(set.Valid, FuseSetAttrMask.Mode, AttributeMask.Mode)
            | Take(set.Valid, FuseSetAttrMask.Uid, AttributeMask.Uid)
            | Take(set.Valid, FuseSetAttrMask.Gid, AttributeMask.Gid)
            | Take(set.Valid, FuseSetAttrMask.Size, AttributeMask.Size)
            | Take(set.Valid, FuseSetAttrMask.Ctime, AttributeMask.Ctime)
            | Take(set.Valid, FuseSetAttrMask.KillSuidGid, AttributeMask.KillPrivileges);

        // "now" comes with the time's own bit; it is one or the other.
        if (set.Valid.HasFlag(FuseSetAttrMask.AtimeNow)) mask |= AttributeMask.AtimeNow;
        else mask |= Take(set.Valid, FuseSetAttrMask.Atime, AttributeMask.Atime);
        if (set.Valid.HasFlag(FuseSetAttrMask.MtimeNow)) mask |= AttributeMask.MtimeNow;
        else mask |= Take(set.Valid, FuseSetAttrMask.Mtime, AttributeMask.Mtime);

        return new(mask, set.Mode & FileMode.PermissionMask, set.Uid, set.Gid, set.Size,
            Translate.ToStamp(set.Atime, set.AtimeNanoseconds), Translate.ToStamp(set.Mtime, set.MtimeNanoseconds),
            Translate.ToStamp(set.Ctime, set.CtimeNanoseconds));
    }

    private static AttributeMask Take(FuseSetAttrMask valid, FuseSetAttrMask bit, AttributeMask mask) =>
        (valid & bit) != 0 ? mask : AttributeMask.None;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask StatFsAsync(FuseRequest request)
    {
        var space = await FileSystem.GetSpaceAsync(request.Cancellation);
        if (space.IsError)
        {
            request.ReplyError(space.Error);
            return;
        }

        var reply = Translate.ToStatFs(space.Value);
        request.Reply(in reply);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask GetXattrAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseGetXattrIn get)
            || !TryReadXattrName(request, FsError.ENODATA, out var name)) return;
        ReplySized(request, get.Size, await FileSystem.GetXattrAsync(request.Inode, name, request.Cancellation));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ListXattrAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseGetXattrIn list)) return;
        ReplySized(request, list.Size, await FileSystem.ListXattrAsync(request.Inode, request.Cancellation));
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SetXattrAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseSetXattrIn set)
            || !TryReadXattrName(request, FsError.EOPNOTSUPP, out var name)
            || !request.TryReadBytes(set.Size, out var value))
        {
            return;
        }

        if (set.Flags > (uint)XattrMode.Replace) request.ReplyError(FsError.EINVAL);
        else if (value.Length > Limits.XattrValueBytesMax) request.ReplyError(FsError.E2BIG);
        else
        {
            request.ReplyResult(await FileSystem.SetXattrAsync(
                request.Inode, name, value, (XattrMode)set.Flags, request.Caller, request.Cancellation));
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask RemoveXattrAsync(FuseRequest request)
    {
        if (!TryReadXattrName(request, FsError.ENODATA, out var name)) return;
        request.ReplyResult(
            await FileSystem.RemoveXattrAsync(request.Inode, name, request.Caller, request.Cancellation));
    }

    // ACLs are not kept yet; a name with '/' is legal here, but no FsName.
    private static bool TryReadXattrName(FuseRequest request, FsError errorForSlash, out FsName name)
    {
        name = default;
        if (!request.TryReadText(out var text)) return false;
        if (text.StartsWith(AclPrefix)) request.ReplyError(FsError.EOPNOTSUPP);
        else if (text.Length > Limits.XattrNameBytesMax) request.ReplyError(FsError.ERANGE);
        else if (text.Contains((byte)'/')) request.ReplyError(errorForSlash);
        else return request.TryName(text, out name);
        return false;
    }

    // A size of 0 asks how large the value is.
    private static void ReplySized(FuseRequest request, uint size, FsResult<ReadOnlyMemory<byte>> result)
    {
        if (result.IsError)
        {
            request.ReplyError(result.Error);
        }
        else if (size == 0)
        {
            FuseGetXattrOut reply = new() { Size = (uint)result.Value.Length };
            request.Reply(in reply);
        }
        else if (result.Value.Length > size)
        {
            request.ReplyError(FsError.ERANGE);
        }
        else
        {
            ReplyCopied(request, result.Value);
        }
    }
}
