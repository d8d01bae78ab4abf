using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Tells the kernel what to drop. The kernel takes a notification under locks of its own: INVAL_ENTRY waits for every
/// operation in the directory, INVAL_INODE for pages that are being read. Two mounts that make entries in one directory
/// can so wait for each other: each one's notification for its own operation, whose answer waits for the other's
/// notification.
/// </summary>
/// <remarks>
/// Notifications are sent in order on a loop that may block in the kernel, never on a reader or under a lock. What has
/// waited longer than <see cref="FuseOptions.NotificationTimeout"/> is settled on a second loop with what takes no
/// lock: all names are looked up again (INC_EPOCH, from 7.44), the inode's attributes are dropped, and its pages go
/// with the next GETATTR (AUTO_INVAL_DATA: mtime has changed), or when the first loop gets through. Lock: <c>_gate</c>
/// guards the lists; nothing is sent or completed under it.
/// </remarks>
internal sealed class KernelNotifier : IInvalidationSink, IAsyncDisposable
{
    private const int MessageBytesMax = 16 + 16 + Limits.NameBytesMax + 1;

    private readonly FuseSession _session;
    private readonly IFuseDevice _device;
    private readonly ILoop _loop;
    private readonly ILoop _bypass;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();
    private List<KernelNotification> _queued = [];
    private List<KernelNotification> _sending = [];
    private bool _isScheduled;
    private bool _isTimerOn;
    private bool _isClosed;

    internal KernelNotifier(FuseSession session, IFuseDevice device, ILoop loop, ILoop bypass)
    {
        _session = session;
        _device = device;
        _loop = loop;
        _bypass = bypass;
        _timer = session.Time.CreateTimer(
            static state =>
                ((KernelNotifier)state!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc />
    public ValueTask InvalidateInodeAsync(InodeId inode, long offset, long length) => EnqueueAsync(
        new() { Inode = inode, Offset = offset, Length = length, AskedAt = _session.Time.GetTimestamp() });

    /// <inheritdoc />
    public ValueTask InvalidateEntryAsync(InodeId parent, FsName name) => EnqueueAsync(
        new() { Inode = parent, Name = name, AskedAt = _session.Time.GetTimestamp() });

    /// <summary>Completes what is waiting: with the connection gone, the kernel keeps nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        List<KernelNotification> left;
        lock (_gate)
        {
            _isClosed = true;
            left = [.. _queued, .. _sending];
            _queued.Clear();
        }

        await _timer.DisposeAsync();
        foreach (var notification in left) notification.Complete();
        await _loop.DisposeAsync();
    }

    private ValueTask EnqueueAsync(KernelNotification notification)
    {
        lock (_gate)
        {
            if (_isClosed || _session.IsEnding) return default;
            if (_queued.Count >= Limits.FuseNotificationsMax)
            {
                throw new FsException(FsError.EAGAIN, "too many notifications wait for the kernel");
            }

            _queued.Add(notification);
            if (!_isTimerOn) StartTimer();
            if (!_isScheduled)
            {
                _isScheduled = true;
                _loop.Post(static state => ((KernelNotifier)state!).SendAll(), this);
            }
        }

        return new(notification.Done);
    }

    private void SendAll()
    {
        Span<byte> buffer = stackalloc byte[MessageBytesMax];
        while (TakeQueued())
        {
            // One fence for the batch: no reply that was true before is on its way any more.
            _session.Fence.Advance();
            foreach (var notification in _sending)
            {
                if (_session.Nodes.Contains(notification.Inode)) Send(buffer[..notification.Write(buffer)]);
                notification.Complete();
            }
        }
    }

    private bool TakeQueued()
    {
        lock (_gate)
        {
            _sending.Clear();
            (_queued, _sending) = (_sending, _queued);
            if (_sending.Count == 0) _isScheduled = false;
            return _sending.Count != 0;
        }
    }

    private void OnTimer()
    {
        lock (_gate)
        {
            if (_isClosed) return;
            if (_queued.Count == 0 && _sending.Count == 0)
            {
                _isTimerOn = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return;
            }
        }

        _bypass.Post(static state => ((KernelNotifier)state!).SettleOverdue(), this);
    }

    private void StartTimer()
    {
        _isTimerOn = true;
        var period = _session.Options.NotificationTimeout / 2;
        _timer.Change(period, period);
    }

    // Runs on the loop that never blocks.
    private void SettleOverdue()
    {
        var overdue = CollectOverdue();
        if (overdue.Count == 0) return;
        var hasEntries = overdue.Exists(static notification => notification.IsEntry);
        if (hasEntries && _session.Minor < FuseProtocol.MinorWithIncEpoch)
        {
            overdue.RemoveAll(static notification => notification.IsEntry); // these have to wait for the lock
            hasEntries = false;
        }

        _session.Log.NotificationsOverdue(overdue.Count, _session.Options.NotificationTimeout);
        _session.Fence.Advance();
        Span<byte> buffer = stackalloc byte[MessageBytesMax];
        if (hasEntries) Send(buffer[..KernelNotification.WriteIncEpoch(buffer)]);
        foreach (var notification in overdue)
        {
            if (!notification.IsEntry) Send(buffer[..notification.WriteAttributesOnly(buffer)]);
            notification.Complete();
        }
    }

    private List<KernelNotification> CollectOverdue()
    {
        var overdue = new List<KernelNotification>();
        lock (_gate)
        {
            Collect(_sending);
            Collect(_queued);
        }

        return overdue;

        void Collect(List<KernelNotification> from)
        {
            foreach (var notification in from)
            {
                if (notification.Done.IsCompleted) continue;
                var waited = _session.Time.GetElapsedTime(notification.AskedAt);
                if (waited >= _session.Options.NotificationTimeout) overdue.Add(notification);
            }
        }
    }

    // ENOENT: the kernel has no such inode or name. The rest means that there is no connection any more.
    private void Send(ReadOnlySpan<byte> message)
    {
        var errno = _device.Send(message);
        if (errno is 0 or Libc.ENOENT or Libc.ENODEV or Libc.ECONNABORTED or Libc.EPERM || _session.IsEnding) return;
        _session.Log.NotificationRefused(Errno.Describe(errno));
    }
}
