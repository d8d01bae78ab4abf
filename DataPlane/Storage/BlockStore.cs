using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.DataPlane.Storage.Segments;
using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>
/// Stores items of up to 64 KiB in the segments of one device, counts their references, and reuses the space of what
/// nobody refers to any more. Writers and readers use it through an <see cref="IBlockClient"/> each.
/// </summary>
/// <remarks>
/// Invariants. All state is in <see cref="SegmentMap"/> and changes under <c>_gate</c>, which is never held across I/O.
/// Data is written only to places whose table entry was written before. A place is reused only when nothing that lies
/// there can be named any more, by the log, the index or a reader. Rows of the index and the cursor are taken in one
/// hold of the gate and committed together; commits have an order (<c>_indexCommits</c>).
/// Lock order: <c>_gate</c>, then the segment table's or the epochs' own.
/// </remarks>
public sealed partial class BlockStore : IReferenceFeed, IStoredDataVerifier, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly StorageDevice _storage;
    private readonly IBlockDevice _device;
    private readonly ISegmentIndex _index;
    private readonly BlockStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly AlignedMemoryPool _pool = AlignedMemoryPool.Shared;
    private readonly SegmentTable _table;
    private readonly SegmentMap _map;
    private readonly SpaceAccount _space = new();
    private readonly CoalescedAction _deviceFlushes;
    private readonly CoalescedAction _indexCommits;
    private readonly CoalescedAction _maintenance;
    private readonly CoalescedAction _growth;
    private readonly CoalescedAction _reclaims;
    private readonly StoreCounters _counters = new();
    private readonly BlockStoreInstruments _instruments;
    private ILoop? _loop;
    private ITimer? _timer;
    private FsException? _failure;
    private bool _isClosing;

    private BlockStore(
        StorageDevice storage, ISegmentIndex index, BlockStoreOptions options, TimeProvider time, ILogger logger)
    {
        _storage = storage;
        _device = storage.Device;
        _index = index;
        _options = options;
        _time = time;
        _logger = logger;
        var inline = options.InlineContinuations;
        _freed = new Broadcast(inline);
        _table = new SegmentTable(_device, storage.Geometry, inline);
        _map = new SegmentMap(storage.Geometry, _table, storage.Superblock.OpenCount, _space, inline);
        _deviceFlushes = new CoalescedAction(FlushDeviceAsync, inline);
        _indexCommits = new CoalescedAction(CommitIndexAsync, inline);
        _maintenance = new CoalescedAction(MaintainOnceAsync, inline);
        _growth = new CoalescedAction(GrowOnceAsync, inline);
        _reclaims = new CoalescedAction(ReclaimOnceAsync, inline);
        Epochs = new GarbageEpochs(storage.Superblock.OpenCount);
        _instruments = new BlockStoreInstruments(() => Statistics);
    }

    /// <summary>The clock of garbage collection; the silo registers sessions and owners here.</summary>
    public GarbageEpochs Epochs { get; }

    /// <summary>The device's file system.</summary>
    public FileSystemId FileSystem => _storage.Superblock.FileSystem;

    /// <summary>
    /// What the start found damaged and could do without, one sentence each; empty after every clean stop and every
    /// power cut. Fsck says more.
    /// </summary>
    public IReadOnlyList<string> Findings { get; private set; } = [];

    /// <summary>
    /// Why nothing is stored any more (a flush of the device failed: what it held is unknown); null while all is well.
    /// </summary>
    public string? Failure => _failure?.Message;

    /// <summary>
    /// Asked when a writer waits for space; null where nobody but the store itself can let go of any.
    /// </summary>
    public ISpaceReclaimer? Reclaimer { get; set; }

    /// <summary>What happened since the start, and what the store holds now.</summary>
    public StoreStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return _counters.Snapshot(
                    new StoreSpace(_space.CapacityBytes, _space.UsedBytes, _space.ReservedBytes), _space.IdleBytes,
                    _space.ReclaimedBytes, _map.PlaceCount, _map.FreePlaces, _map.SegmentCount);
            }
        }
    }

    /// <summary>
    /// Opens the store of a device and its index, and recovers what a crash left. The caller keeps device and index and
    /// disposes them after the store. Throws <see cref="FsException"/>: EINVAL (index of another device or version),
    /// ESTALE (the index is an older one, or of a device that is: it has to be made anew), EIO.
    /// </summary>
    /// <param name="storage">The opened device.</param>
    /// <param name="index">
    /// Its index; an empty one for a device that holds segments is EINVAL: see <see cref="Check.IndexRebuild"/>.
    /// </param>
    /// <param name="options">How it runs.</param>
    /// <param name="loops">Makes the loop of maintenance; may be null when that does not run in the background.</param>
    /// <param name="time">Clock of maintenance and waiting.</param>
    /// <param name="logger">Where faults and what was done about them are told.</param>
    /// <param name="cancellationToken">Ends the wait for the device.</param>
    public static async ValueTask<BlockStore> OpenAsync(
        StorageDevice storage, ISegmentIndex index, BlockStoreOptions options, ILoopFactory? loops, TimeProvider time,
        ILogger logger, CancellationToken cancellationToken = default)
    {
        var store = new BlockStore(storage, index, options, time, logger);
        try
        {
            await store.RecoverAsync(cancellationToken);
        }
        catch
        {
            store._instruments.Dispose();
            throw;
        }

        if (options.Background) store.StartMaintenance(loops ?? throw new ArgumentNullException(nameof(loops)));
        return store;
    }

    /// <summary>A client with a reservation of its own; its owner disposes it when the session or connection
    /// ends.</summary>
    public LocalBlockClient CreateClient() => new(this);

    /// <summary>
    /// Seals what is open, commits the index and stops. A store that could not do that (the device fails) is left as a
    /// crash leaves it, and the next start recovers.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_isClosing) return;
        _isClosing = true;
        if (_timer is not null) await _timer.DisposeAsync();
        try
        {
            lock (_gate) _map.CloseLanes();
            await _maintenance.RunAsync();
            await _indexCommits.RunAsync();
        }
        catch (FsException fault)
        {
            _logger.CloseFailed(_device.Name, fault);
        }

        if (_loop is not null) await _loop.DisposeAsync();
        _instruments.Dispose();
    }

    private async ValueTask RecoverAsync(CancellationToken cancellationToken)
    {
        await _table.LoadAsync(_storage.PlaceCount, cancellationToken);
        var rows = new List<SegmentRow>();
        var state = _index.Load(rows.Add);
        var superblock = _storage.Superblock;
        if (!state.IsNew && (state.FileSystem != superblock.FileSystem || state.DeviceId != superblock.DeviceId))
        {
            throw new FsException(FsError.EINVAL,
                $"{_index.Name}: expected the index of file system {superblock.FileSystem}, device " +
                $"{superblock.DeviceId:x}, found that of {state.FileSystem}, device {state.DeviceId:x}");
        }

        if (state.IsNew) BeginIndex(superblock);
        var findings = new List<string>();
        foreach (var place in _table.Damaged.Order())
        {
            findings.Add($"{_device.Name}: offset {_storage.Geometry.EntryOffset(place)}: damaged segment table entry");
        }

        var contradictions = new List<string>();
        if (state.Cursor + 1 < _options.FirstAppend)
        {
            contradictions.Add($"its counts end at append {state.Cursor}, the log begins at {_options.FirstAppend}");
        }

        lock (_gate)
        {
            _cursor = state.Cursor;
            _stamp = state.Stamp;
            DurableCursor = state.Cursor;
            _space.SetPlaces(_storage.PlaceCountMax, _storage.Geometry.SegmentBytes);
            _map.Recover(_storage.PlaceCount, rows, Epochs.Current, contradictions);
        }

        if (contradictions.Count > 0)
        {
            throw new FsException(FsError.ESTALE,
                $"{_index.Name} does not fit the device in {contradictions.Count} points: {contradictions[0]}");
        }

        Findings = findings;
        foreach (var finding in findings) _logger.RecoveryFinding(finding);
        _logger.Opened(_device.Name, _map.SegmentCount, _map.PlaceCount, _map.FreePlaces);
    }

    // A new index is marked as this device's before the first segment is opened. So one that is new beside segments has
    // been lost, and without counts all of them would be taken for garbage.
    private void BeginIndex(in Superblock superblock)
    {
        for (var place = 0; place < _storage.PlaceCount; place++)
        {
            if (_table[place].State == PlaceState.Free) continue;
            throw new FsException(FsError.EINVAL,
                $"{_index.Name}: expected the index of device {superblock.DeviceId:x}, which holds segments; found " +
                "an empty one: it has to be made anew");
        }

        _index.Commit(new SegmentIndexState(superblock.FileSystem, superblock.DeviceId, 0, default), [], []);
    }

    // A flush that failed once may have thrown away what it should have kept: nothing that rests on it is safe to say.
    private async ValueTask FlushDeviceAsync()
    {
        try
        {
            var started = _time.GetTimestamp();
            await _device.FlushAsync();
            _instruments.AddFlush(_time.GetElapsedTime(started));
        }
        catch (FsException fault)
        {
            _failure ??= fault;
            _logger.FlushFailed(_device.Name, fault);
            throw;
        }
    }
}
