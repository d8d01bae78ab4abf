using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Operations;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Fuse.Session;

/// <summary>What readers, handlers and notifications of one mount share: from the kernel's INIT to the end of the
/// connection.</summary>
internal sealed class FuseSession : IDisposable
{
    // No writeback cache: it never accepts a remote size or mtime. No export support: it needs lookups of "..".
    private const FuseInitFlags Wanted = FuseInitFlags.AsyncRead | FuseInitFlags.AtomicOTrunc
        | FuseInitFlags.BigWrites | FuseInitFlags.AutoInvalData | FuseInitFlags.DoReadDirPlus
        | FuseInitFlags.ReadDirPlusAuto | FuseInitFlags.AsyncDio | FuseInitFlags.ParallelDirOps
        | FuseInitFlags.AbortError | FuseInitFlags.MaxPages | FuseInitFlags.CacheSymlinks
        | FuseInitFlags.HandleKillPrivV2 | FuseInitFlags.InitExt;

    private readonly TaskCompletionSource<FuseEndReason> _ended =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _initialised = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal FuseSession(IFileSystem fileSystem, FuseOptions options, TimeProvider time, ILogger log)
    {
        FileSystem = fileSystem;
        Options = options;
        Time = time;
        Log = log;
        Pool = new(this);
        Pending = new(this);
        Instruments = new(this);
        Operations = new(this);
    }

    internal IFileSystem FileSystem { get; }

    internal FuseOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ILogger Log { get; }

    internal ReplyFence Fence { get; } = new();

    internal PollTurn PollTurn { get; } = new();

    internal NodeTable Nodes { get; } = new();

    internal RequestPool Pool { get; }

    internal PendingRequests Pending { get; }

    internal FuseInstruments Instruments { get; }

    internal FuseOperations Operations { get; }

    /// <summary>Completes when the kernel's INIT has been answered.</summary>
    internal Task Initialised => _initialised.Task;

    /// <summary>Completes when no more requests will come, or are wanted.</summary>
    internal Task<FuseEndReason> Ended => _ended.Task;

    internal bool IsEnding => _ended.Task.IsCompleted;

    /// <summary>Protocol minor version and flags agreed on; after <see cref="Initialised"/>.</summary>
    internal uint Minor { get; private set; }

    internal FuseInitFlags Flags { get; private set; }

    /// <summary>The first reason stays.</summary>
    internal void End(FuseEndReason reason)
    {
        _ended.TrySetResult(reason);
        _initialised.TrySetException(new FuseMountException($"the mount ended before it was ready: {reason}"));
    }

    /// <summary>Takes references back; the last one lets the file system drop what it keeps for the inode.</summary>
    internal void Forget(InodeId inode, ulong count)
    {
        if (Nodes.Remove(inode, count)) FileSystem.Forget(inode);
    }

    /// <summary>A reply did not arrive: ordinary when the request or the connection is gone.</summary>
    internal void OnReplyRefused(FuseRequest request, int errno)
    {
        if (errno is Libc.ENOENT or Libc.ENODEV or Libc.ECONNABORTED || IsEnding) return;
        Log.ReplyRefused(request.Opcode, Errno.Describe(errno));
    }

    /// <summary>Answers INIT. Source: fuse.h, "Version negotiation".</summary>
    internal void Negotiate(FuseRequest request)
    {
        // Kernels before 7.36 send 16 bytes, without flags2.
        if (!request.TryReadPadded(16, out FuseInitIn init)) return;
        if (init.Major > FuseProtocol.Major)
        {
            // The kernel sends INIT again with our version.
            FuseInitOut ours = new() { Major = FuseProtocol.Major, Minor = FuseProtocol.Minor };
            request.Reply(in ours);
            return;
        }

        if (init.Major < FuseProtocol.Major || init.Minor < FuseProtocol.MinorMin)
        {
            Log.VersionUnsupported(init.Major, init.Minor);
            request.ReplyError(FsError.EPROTO);
            End(FuseEndReason.Failed);
            return;
        }

        Minor = Math.Min(init.Minor, FuseProtocol.Minor);
        Flags = (FuseInitFlags)(init.Flags | ((ulong)init.Flags2 << 32)) & Wanted;
        FuseInitOut reply = new()
        {
            Major = FuseProtocol.Major,
            Minor = Minor,
            MaxReadAhead = Math.Min(init.MaxReadAhead, (uint)Options.ReadAheadBytes),
            Flags = (uint)Flags,
            Flags2 = (uint)((ulong)Flags >> 32),
            MaxBackground = Limits.FuseBackgroundMax,
            CongestionThreshold = Limits.FuseBackgroundMax * 3 / 4,
            MaxWrite = Limits.FuseRequestBytesMax,
            TimeGranularity = 1,
            MaxPages = Limits.FuseRequestBytesMax / 4096,
        };
        if (request.Reply(in reply)) _initialised.TrySetResult();
    }

    public void Dispose()
    {
        Pool.Close();
        Instruments.Dispose();
    }
}
