using System.Runtime.InteropServices;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Sees a mount disappear from this process' mount table. The device says so too (ENODEV), but not while a copy of the
/// mount lives in another namespace. Blocks in poll(2) on a loop of its own; source: proc(5), mountinfo is pollable.
/// </summary>
internal sealed class MountWatch : IAsyncDisposable
{
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _mountId;
    private readonly ILoop _loop;
    private readonly ILogger _log;
    private readonly DescriptorHandle _table;
    private readonly DescriptorHandle _wake;

    private MountWatch(int mountId, ILoop loop, ILogger log, DescriptorHandle table, DescriptorHandle wake)
    {
        _mountId = mountId;
        _loop = loop;
        _log = log;
        _table = table;
        _wake = wake;
    }

    /// <summary>Completes when the mount is no longer in the table.</summary>
    internal Task Gone => _gone.Task;

    /// <summary>Without a readable table the watch waits for nothing, and says so in the log.</summary>
    internal static MountWatch Start(int mountId, ILoop loop, ILogger log)
    {
        var table = new DescriptorHandle(Libc.Open(MountTable.Path, Libc.ReadOnly | Libc.CloseOnExec, 0));
        var wake = new DescriptorHandle(Libc.EventDescriptor(0, Libc.EFD_CLOEXEC));
        var watch = new MountWatch(mountId, loop, log, table, wake);
        if (table.IsInvalid || wake.IsInvalid) log.WatchFailed(Errno.Describe(Marshal.GetLastPInvokeError()));
        else loop.Post(static state => ((MountWatch)state!).Run(), watch);
        return watch;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_wake.IsInvalid) _ = Libc.Write(_wake, BitConverter.GetBytes(1UL), sizeof(ulong));
        await _loop.DisposeAsync();
        _table.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        Span<Libc.PollDescriptor> polled =
        [
            new() { Descriptor = _table.Number, Events = Libc.POLLPRI },
            new() { Descriptor = _wake.Number, Events = Libc.POLLIN },
        ];
        while (MountTable.Contains(_mountId))
        {
            polled[0].Returned = polled[1].Returned = 0;
            if (Libc.Poll(polled, (nuint)polled.Length, timeoutMilliseconds: -1) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno == Libc.EINTR) continue;
                _log.WatchFailed(Errno.Describe(errno));
                return;
            }

            if (polled[1].Returned != 0) return;
        }

        _gone.TrySetResult();
    }
}
