using System.Runtime.CompilerServices;
using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Operations;

/// <summary>
/// From opcode to <see cref="IFileSystem"/> and back. A handler reads its arguments before its first await and answers
/// its request exactly once; a TryRead that returns false has answered. Handlers are async methods with pooled state:
/// one that completes at once, on a reader, allocates nothing.
/// </summary>
internal sealed partial class FuseOperations(FuseSession session)
{
    private IFileSystem FileSystem => session.FileSystem;

    /// <summary>Handles a request to its answer; nothing is thrown.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    internal async ValueTask HandleAsync(FuseRequest request)
    {
        try
        {
            await RouteAsync(request);
        }
        catch (OperationCanceledException)
        {
            request.ReplyError(FsError.EINTR);
        }
        catch (FsException fault)
        {
            request.ReplyError(fault.Error);
            session.Log.RequestFailed(fault, request.Opcode, request.Inode, fault.Error);
        }
        catch (Exception fault)
        {
            request.ReplyError(FsError.EIO);
            session.Log.RequestFailed(fault, request.Opcode, request.Inode, FsError.EIO);
        }

        session.Instruments.Record(request);
    }

    private ValueTask RouteAsync(FuseRequest request) => request.Opcode switch
    {
        FuseOpcode.Lookup => LookupAsync(request),
        FuseOpcode.GetAttr => GetAttrAsync(request),
        FuseOpcode.StatX => StatXAsync(request),
        FuseOpcode.SetAttr => SetAttrAsync(request),
        FuseOpcode.ReadLink => ReadLinkAsync(request),
        FuseOpcode.Symlink => SymlinkAsync(request),
        FuseOpcode.MkNod => MkNodAsync(request),
        FuseOpcode.MkDir => MkDirAsync(request),
        FuseOpcode.Unlink => UnlinkAsync(request),
        FuseOpcode.RmDir => RmDirAsync(request),
        FuseOpcode.Rename => RenameAsync(request),
        FuseOpcode.Rename2 => Rename2Async(request),
        FuseOpcode.Link => LinkAsync(request),
        FuseOpcode.Open => OpenAsync(request),
        FuseOpcode.Create => CreateAsync(request),
        FuseOpcode.Read => ReadAsync(request),
        FuseOpcode.Write => WriteAsync(request),
        FuseOpcode.Flush => FlushAsync(request),
        FuseOpcode.Release => ReleaseAsync(request),
        FuseOpcode.FSync or FuseOpcode.FSyncDir => SyncAsync(request),
        FuseOpcode.SyncFs => SyncAllAsync(request),
        FuseOpcode.FAllocate => AllocateAsync(request),
        FuseOpcode.LSeek => SeekAsync(request),
        FuseOpcode.CopyFileRange or FuseOpcode.CopyFileRange64 => CopyRangeAsync(request),
        FuseOpcode.OpenDir => OpenDirAsync(request),
        FuseOpcode.ReadDir or FuseOpcode.ReadDirPlus => ReadDirAsync(request),
        FuseOpcode.StatFs => StatFsAsync(request),
        FuseOpcode.GetXattr => GetXattrAsync(request),
        FuseOpcode.ListXattr => ListXattrAsync(request),
        FuseOpcode.SetXattr => SetXattrAsync(request),
        FuseOpcode.RemoveXattr => RemoveXattrAsync(request),
        _ => RouteAtOnceAsync(request),
    };

    // What never waits.
    private ValueTask RouteAtOnceAsync(FuseRequest request)
    {
        switch (request.Opcode)
        {
            case FuseOpcode.Forget:
                Forget(request);
                break;
            case FuseOpcode.BatchForget:
                BatchForget(request);
                break;
            case FuseOpcode.Interrupt:
                Interrupt(request);
                break;
            case FuseOpcode.ReleaseDir:
                ReleaseDir(request);
                break;
            case FuseOpcode.Init:
                session.Negotiate(request);
                break;
            case FuseOpcode.Destroy:
                request.SendBytes(0);
                session.End(FuseEndReason.Unmounted);
                break;
            default:
                request.ReplyNotImplemented();
                break;
        }

        return default;
    }

    private void Forget(FuseRequest request)
    {
        if (!request.TryReadUnanswered(out FuseForgetIn forget)) return;
        session.Forget(request.Inode, forget.LookupCount);
    }

    private void BatchForget(FuseRequest request)
    {
        if (!request.TryReadUnanswered(out FuseBatchForgetIn batch)) return;
        for (uint i = 0; i < batch.Count; i++)
        {
            if (!request.TryReadUnanswered(out FuseForgetOne one)) return;
            session.Forget(new(one.NodeId), one.LookupCount);
        }
    }

    private void Interrupt(FuseRequest request)
    {
        if (!request.TryRead(out FuseInterruptIn interrupt)) return;
        request.ReplyNothing();
        session.Pending.Interrupt(interrupt.Unique);
    }
}
