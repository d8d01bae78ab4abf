using ClaudeFs.Platform.Interop;
using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Takes requests from its own descriptor and runs their handlers in line: what the file system can answer at once is
/// answered without a hand-off. Runs as one long piece of work on a loop of its own.
/// </summary>
internal sealed class FuseReader(FuseSession session, FuseDevice device, ILoop loop) : IAsyncDisposable
{
    private readonly RequestPoller _poller = new(device.Clone(isBlocking: false), session.PollTurn, session.Time);
    private readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly NameCache _names = new();
    private volatile BlockedThread? _thread;

    internal FuseDevice Device => device;

    /// <summary>Completes when the reader reads no more.</summary>
    internal Task Left => _left.Task;

    internal void Start() => loop.Post(static state => ((FuseReader)state!).Run(), this);

    /// <summary>Makes a blocked read return; repeat it until <see cref="Left"/>: a reader just before its read is
    /// missed.</summary>
    internal void Interrupt() => _thread?.Interrupt();

    /// <summary>Closes the descriptors, when nothing is left to answer.</summary>
    internal void CloseDevices()
    {
        _poller.Dispose();
        device.Dispose();
    }

    /// <summary>Ends the loop; after <see cref="Left"/>.</summary>
    public ValueTask DisposeAsync() => loop.DisposeAsync();

    private void Run()
    {
        try
        {
            using var thread = BlockedThread.Enter();
            _thread = thread;
            ReadAll();
        }
        finally
        {
            _thread = null;
            _left.TrySetResult();
        }
    }

    private void ReadAll()
    {
        var request = session.Pool.Rent();
        while (request is not null && !session.IsEnding)
        {
            var source = _poller.Device;
            if (!_poller.TryReceive(request.ReceiveSpan, out var received))
            {
                source = device;
                received = device.Receive(request.ReceiveSpan);
            }

            if (received < 0)
            {
                if (IsOver(-received)) break;
                continue;
            }

            if (Handle(request, received, source)) continue;
            request = session.Pool.Rent();
        }

        if (request is not null) session.Pool.Return(request);
    }

    // True when the request is free for the next one; else its handler keeps it.
    private bool Handle(FuseRequest request, int received, FuseDevice source)
    {
        if (!request.TryBegin(received, source, _names))
        {
            session.Log.RequestMalformed(request.Opcode, (uint)received);
            if (request.Unique != 0) request.ReplyError(Primitives.FsError.EIO);
            return true;
        }

        LoopAssist.Offer();
        var handling = session.Operations.HandleAsync(request);
        var isWaiting = !handling.IsCompleted;
        if (isWaiting) request.Park(handling);
        else handling.Consume(); // the dispatcher lets nothing out

        // The commit that the request waits for is made here, when nobody else is making one.
        LoopAssist.Settle(runHere: isWaiting);
        return !isWaiting;
    }

    // EINTR: a signal, perhaps Interrupt. EAGAIN: another reader was faster. ENOENT: the request was withdrawn
    // meanwhile.
    private bool IsOver(int errno)
    {
        switch (errno)
        {
            case Libc.EINTR or Libc.EAGAIN or Libc.ENOENT:
                return false;
            case Libc.ENODEV:
                session.End(FuseEndReason.Unmounted);
                return true;
            case Libc.ECONNABORTED:
                session.End(FuseEndReason.Aborted);
                return true;
            default:
                session.Log.ReceiveFailed(Errno.Describe(errno));
                session.End(FuseEndReason.Failed);
                return true;
        }
    }
}
