using System.Runtime.CompilerServices;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Operations;

/// <summary>Requests about open directories.</summary>
internal sealed partial class FuseOperations
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask OpenDirAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseOpenIn _)) return;
        var opened = await FileSystem.OpenDirectoryAsync(request.Inode, request.Cancellation);
        if (opened.IsError)
        {
            request.ReplyError(opened.Error);
            return;
        }

        FuseOpenOut reply = new()
        {
            Handle = opened.Value.Handle,
            OpenFlags = opened.Value.KeepCache ? FuseOpenReply.CacheDir | FuseOpenReply.KeepCache : FuseOpenReply.None,
        };
        if (!request.Reply(in reply)) FileSystem.ReleaseDirectory(request.Inode, opened.Value.Handle);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReadDirAsync(FuseRequest request)
    {
        if (!request.TryRead(out FuseReadIn read)) return;
        var withAttributes = request.Opcode == FuseOpcode.ReadDirPlus;
        var listed = await FileSystem.ReadDirectoryAsync(
            request.Inode, read.Handle, read.Offset, withAttributes, request.Cancellation);
        if (listed.IsError) request.ReplyError(listed.Error);
        else request.ReplyListing(listed.Value.Span, read.Size, withAttributes);
    }

    private void ReleaseDir(FuseRequest request)
    {
        if (!request.TryRead(out FuseReleaseIn release)) return;
        FileSystem.ReleaseDirectory(request.Inode, release.Handle);
        request.ReplyResult(Nothing.Value);
    }
}
