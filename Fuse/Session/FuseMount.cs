using ClaudeFs.Client;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// A file system mounted on a directory: raw /dev/fuse, no libfuse. Ends by umount(8) from outside, by
/// <see cref="TryUnmountAsync"/>, <see cref="DetachAsync"/> or disposal; <see cref="Completion"/> says so when no
/// request runs any more. When the process dies, the kernel ends the connection with its last descriptor, or
/// <see cref="ConnectionGuard"/> does; the next mount on the directory clears away what is left.
/// </summary>
public sealed partial class FuseMount : IAsyncDisposable
{
    // of a stale mount, and of the kernel's INIT
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ExpiryPeriodMax = TimeSpan.FromSeconds(1);

    private readonly FuseSession _session;
    private readonly FuseServices _services;
    private readonly List<FuseReader> _readers = [];
    private readonly KernelNotifier _notifier;
    private readonly ILoop _control;
    private readonly ILoop _bypass;
    private readonly ITimer _expiry;
    private readonly TaskCompletionSource<FuseEndReason> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MountWatch? _watch;
    private MountEntry _entry;
    private volatile bool _isStopping;

    private FuseMount(string path, FuseDevice device, FuseSession session, FuseServices services, ILoop control)
    {
        Path = path;
        _session = session;
        _services = services;
        _control = control;
        _bypass = services.Loops.Start("fuse-deadlines");
        _readers.Add(new(session, device, services.Loops.Start("fuse-reader-0")));
        _notifier = new(session, device, services.Loops.Start("fuse-notify"), _bypass);
        session.FileSystem.InvalidationSink = _notifier;
        var timeout = session.Options.RequestTimeout;
        var period = timeout / 4 < ExpiryPeriodMax ? timeout / 4 : ExpiryPeriodMax;
        _expiry = services.Time.CreateTimer(static state => ((FuseMount)state!).OnExpiryTimer(), this, period, period);
    }

    /// <summary>The directory, without symbolic links.</summary>
    public string Path { get; }

    /// <summary>For <see cref="ConnectionGuard"/>.</summary>
    public MountIdentity Identity => new(Path, _entry.Id, _entry.DeviceMinor);

    /// <summary>Completes when the mount has ended and no request runs any more; never fails.</summary>
    public Task<FuseEndReason> Completion => _completion.Task;

    /// <summary>Protocol version agreed on with the kernel.</summary>
    public Version Protocol => new((int)Abi.FuseProtocol.Major, (int)_session.Minor);

    /// <summary>Totals since the mount.</summary>
    public FuseStatistics Statistics => _session.Instruments.Snapshot();

    /// <summary>Totals of each kind of request that came.</summary>
    public IReadOnlyList<FuseOpcodeStatistics> StatisticsByOpcode => _session.Instruments.SnapshotByOpcode();

    /// <summary>
    /// Mounts <paramref name="fileSystem"/>, whose InvalidationSink is set, on the directory <paramref name="path"/>,
    /// and serves it until it is unmounted. The file system is not disposed. Throws <see cref="FuseMountException"/>
    /// with a line for the user.
    /// </summary>
    public static async Task<FuseMount> MountAsync(
        string path, IFileSystem fileSystem, FuseOptions options, FuseServices services)
    {
        options.Validate();
        var control = services.Loops.Start("fuse-control");
        FuseMount? mount = null;
        try
        {
            var resolved = await PreparedAsync(path, options, services, control);
            var device = await control.RunAsync(() => MountCalls.Mount(resolved, options));
            var session = new FuseSession(fileSystem, options, services.Time, services.Log);
            mount = new(resolved, device, session, services, control);
            await mount.StartAsync();
            return mount;
        }
        catch
        {
            if (mount is not null) await mount.DisposeAsync();
            else await control.DisposeAsync();
            throw;
        }
    }

    /// <summary>Processes that hold files of the mount, for a message; from /proc, only root sees those of
    /// others.</summary>
    public IReadOnlyList<MountUser> FindUsers() => OpenFiles.Find(_entry.Id, Path);

    /// <summary>
    /// Unmounts when nobody uses it, then waits for the end. Errors: EBUSY (the mount goes on), EPERM.
    /// </summary>
    public async Task<FsError> TryUnmountAsync()
    {
        if (_completion.Task.IsCompleted) return FsError.None;
        var error = await UnmountAsync(detach: false);
        if (error == FsError.None) await _completion.Task;
        return error;
    }

    /// <summary>Takes the mount out of the tree at once and ends it; who has files open gets errors.
    /// Idempotent.</summary>
    public async Task DetachAsync()
    {
        if (!_completion.Task.IsCompleted && _entry.Id != 0) await UnmountAsync(detach: true);
        _session.End(FuseEndReason.Stopped);
        await _completion.Task;
    }

    /// <summary>Unmounts, or detaches when it is busy, and waits for the end.</summary>
    public async ValueTask DisposeAsync()
    {
        _isStopping = true;
        if (_watch is null)
        {
            // It never came to serve.
            _session.End(FuseEndReason.Failed);
            await CloseAsync();
            _completion.TrySetResult(FuseEndReason.Failed);
            return;
        }

        var error = await TryUnmountAsync();
        if (error == FsError.None) return;
        _services.Log.DetachedBusy(Path, error.ToString());
        await DetachAsync();
    }

    private static async Task<string> PreparedAsync(
        string path, FuseOptions options, FuseServices services, ILoop control)
    {
        try
        {
            return await control.RunAsync(() => MountPoint.Prepare(path, options, services.Log)).WaitAsync(
                AnswerTimeout, services.Time);
        }
        catch (TimeoutException)
        {
            throw new FuseMountException(
                $"{path} is a mount that does not answer: end its process, or detach it with umount -l");
        }
    }

    private async Task StartAsync()
    {
        _readers[0].Start();
        _entry = MountTable.FindTopmost(Path) ?? throw new FuseMountException($"{Path} was unmounted at once");
        try
        {
            await _session.Initialised.WaitAsync(AnswerTimeout, _services.Time);
        }
        catch (TimeoutException)
        {
            throw new FuseMountException("the kernel did not begin the mount's conversation");
        }

        for (var i = 1; i < _session.Options.Readers; i++)
        {
            FuseReader reader = new(_session, _readers[0].Device.Clone(), _services.Loops.Start($"fuse-reader-{i}"));
            _readers.Add(reader);
            reader.Start();
        }

        MountCalls.RaiseReadAhead(_entry.DeviceMinor, _session.Options.ReadAheadBytes, _services.Log);
        _watch = MountWatch.Start(_entry.Id, _services.Loops.Start("fuse-watch"), _services.Log);
        _services.Log.Mounted(Path, Abi.FuseProtocol.Major, _session.Minor, _readers.Count, _session.Flags);
        _ = SuperviseAsync();
    }

    private void OnExpiryTimer() =>
        _bypass.Post(
            static state =>
                ((FuseSession)state!).Pending.ExpireOlderThan(((FuseSession)state).Options.RequestTimeout), _session);
}
