using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// The end of a mount. Order: no more requests are read; those that wait are cancelled and have
/// <see cref="FuseOptions.StopTimeout"/> to end; the descriptors are closed, with which the kernel fails what is left;
/// a mount point that is still there is detached, which cannot block any more.
/// </summary>
public sealed partial class FuseMount
{
    private static readonly TimeSpan InterruptPeriod = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ReleasePeriod = TimeSpan.FromSeconds(1);

    private async Task<FsError> UnmountAsync(bool detach)
    {
        _isStopping = true;
        var error = await _control.RunAsync(() => MountCalls.Unmount(Path, _entry.Id, detach));
        if (error == FsError.None && !detach) _session.End(FuseEndReason.Stopped);
        if (error != FsError.None) _isStopping = false;
        return error;
    }

    private async Task SuperviseAsync()
    {
        await Task.WhenAny(_session.Ended, _watch!.Gone);
        if (!_session.IsEnding) await WaitForReleaseAsync();
        var reason = await _session.Ended;
        if (_isStopping) reason = FuseEndReason.Stopped;
        await CloseAsync();
        _services.Log.Ended(Path, reason);
        _completion.SetResult(reason);
    }

    // Out of the mount table: either the connection ends now, or files are still open after a lazy unmount and are
    // served until they are closed, or a copy in another mount namespace keeps the connection alive, which ends here
    // all the same.
    private async Task WaitForReleaseAsync()
    {
        while (true)
        {
            await Task.WhenAny(_session.Ended, Task.Delay(ReleasePeriod, _services.Time));
            if (_session.IsEnding) return;
            if (OpenFiles.Find(_entry.Id, mountPath: null).Count == 0) _session.End(FuseEndReason.Unmounted);
        }
    }

    private async Task CloseAsync()
    {
        await LeaveReadersAsync();
        await DrainAsync();
        await _expiry.DisposeAsync();
        foreach (var reader in _readers) reader.CloseDevices();
        if (_entry.Id != 0) await _control.RunAsync(() => MountCalls.Unmount(Path, _entry.Id, detach: true));
        await _notifier.DisposeAsync();
        if (_watch is not null) await _watch.DisposeAsync();
        foreach (var reader in _readers) await reader.DisposeAsync();
        await _bypass.DisposeAsync();
        await _control.DisposeAsync();
        _session.Dispose();
    }

    private async Task LeaveReadersAsync()
    {
        _session.Pool.Close();
        var left = Task.WhenAll(_readers.Select(reader => reader.Left));
        while (!left.IsCompleted)
        {
            foreach (var reader in _readers) reader.Interrupt();
            await Task.WhenAny(left, Task.Delay(InterruptPeriod, _services.Time));
        }
    }

    private async Task DrainAsync()
    {
        try
        {
            await _session.Pending.DrainAsync().WaitAsync(_session.Options.StopTimeout, _services.Time);
        }
        catch (TimeoutException)
        {
            _services.Log.RequestsLeft(_session.Pending.Count, _session.Options.StopTimeout);
        }
    }
}
