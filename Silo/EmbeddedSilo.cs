using System.Reflection;
using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Rpc.Blocks;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.DataPlane.Transports.Tcp;
using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;
using ClaudeFs.Silo.Admin;
using ClaudeFs.Silo.Check;
using ClaudeFs.Silo.Configuration;
using ClaudeFs.Silo.Messaging;
using ClaudeFs.Silo.Scrub;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;

namespace ClaudeFs.Silo;

/// <summary>
/// One silo on one data directory: device, tables, metadata store, block store, actor runtime, RPC. Composition only.
/// Disposal stops everything in the opposite order; everything committed is then in the tables.
/// </summary>
public sealed class EmbeddedSilo : IAsyncDisposable
{
    /// <summary>
    /// Activations of inodes hold no state, and each takes some kilobytes: those of a walk over millions of files must
    /// not all be there at once. The runtime's own 15 minutes are for few grains that are dear to make.
    /// </summary>
    private static readonly TimeSpan ActivationIdleMax = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan CollectionEvery = TimeSpan.FromSeconds(1);

    private readonly Stack<IAsyncDisposable> _parts = new();
    private readonly EmbeddedSiloOptions _options;
    private readonly ILoggerFactory _loggers;
    private readonly ILoopFactory _loops;
    private readonly TimeProvider _time;
    private readonly IIdSource _ids;
    private readonly long _startedAt;
    private readonly PageFiles _pages = PageFiles.None();
    private IHost? _host;
    private EmbeddedLog _log = null!;
    private SqliteRowTable _rows = null!;
    private SqliteSegmentIndex _index = null!;

    private EmbeddedSilo(
        EmbeddedSiloOptions options, ILoggerFactory loggers, ILoopFactory loops, TimeProvider time, IIdSource ids)
    {
        _options = options;
        _loggers = loggers;
        _loops = loops;
        _time = time;
        _ids = ids;
        _startedAt = time.GetTimestamp();
    }

    /// <summary>Reaches the grains, by local calls.</summary>
    public IGrainFactory Grains => _host!.Services.GetRequiredService<IGrainFactory>();

    /// <summary>The block store.</summary>
    public BlockStore Blocks { get; private set; } = null!;

    /// <summary>The metadata store.</summary>
    public MetadataStore Metadata { get; private set; } = null!;

    /// <summary>Device and geometry.</summary>
    public StorageDevice Device { get; private set; } = null!;

    /// <summary>Reads everything that is stored, on demand and on schedule.</summary>
    public Scrubber Scrubber { get; private set; } = null!;

    /// <summary>
    /// Why the file system is, or at its end was, read-only, and something may be lost; null while all is well.
    /// </summary>
    public string? Failure => Metadata.Failure ?? Blocks.Failure;

    /// <summary>How it is now.</summary>
    public SiloHealth Health => Failure is { } failure ? new(SiloHealth.ReadOnly, failure)
        : Metadata.Shortage is { } shortage ? new(SiloHealth.NoSpace, shortage)
        : new(SiloHealth.Ok, null);

    /// <summary>Where clients connect; null when nowhere.</summary>
    public Endpoint? Listening { get; private set; }

    /// <summary>
    /// Opens the data directory and starts everything. Throws <see cref="FsException"/> with one line for the user:
    /// EBUSY, ENOSPC, EINVAL (size, version, damage), EIO.
    /// </summary>
    public static async Task<EmbeddedSilo> StartAsync(
        EmbeddedSiloOptions options, ILoggerFactory loggers, ILoopFactory loops, TimeProvider time, IIdSource ids,
        CancellationToken cancellationToken = default)
    {
        var silo = new EmbeddedSilo(options, loggers, loops, time, ids);
        try
        {
            await silo.StartPartsAsync(cancellationToken);
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    /// <summary>State and figures; <paramref name="mount"/> is what the process knows of its own mount.</summary>
    public async ValueTask<StatusReport> GetStatusAsync(MountReport? mount)
    {
        var health = Health;
        var space = Blocks.Statistics.Space;
        var store = Metadata.Statistics;
        var totals = (await Grains.GetGrain<ClaudeFs.Grains.IFileSystemGrain>(0).GetStatisticsAsync()).Value;
        var sessions = _host!.Services.GetRequiredService<SessionTable>().All;
        var version = Assembly.GetExecutingAssembly()
            .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        return new(
            version, health.State, health.Reason, Environment.ProcessId,
            _time.GetElapsedTime(_startedAt).TotalSeconds, _options.DataDirectory,
            "a crash of the process or of the machine: yes; the loss of this one disk: no",
            new(space.CapacityBytes, space.UsedBytes, space.ReservedBytes, Device.Device.SizeBytes),
            new(
                (long)totals.Inodes, (long)totals.UsedBytes, Metadata.Shards.Loaded.Count(), store.Appends,
                store.LagBytes, store.LogBytes),
            [.. sessions.Select(s => new SessionReport($"{s.Id}", s.ClientName, s.IsEmbedded, $"{s.Status}"))], mount,
            Scrubber.Report);
    }

    public async ValueTask DisposeAsync()
    {
        while (_parts.TryPop(out var part)) await part.DisposeAsync();
    }

    private async Task StartPartsAsync(CancellationToken cancellationToken)
    {
        var directory = DataDirectory.Acquire(_options.DataDirectory, create: true);
        _parts.Push(new Held(directory));
        _parts.Push(_pages);
        File.Delete(DataDirectory.AdminAddress(directory.Path));   // of a process that died
        var size = DecideSize(directory);
        await OpenDeviceAsync(directory, size, cancellationToken);
        await OpenMetadataAsync(directory, cancellationToken);
        var garbage = new GarbageClock(Metadata, Blocks, _loops, _time, _loggers.CreateLogger("ClaudeFs.Silo"));
        _parts.Push(garbage);
        _pages.Open(directory);
        Scrubber = new(
            new(Blocks, Metadata, _log, _rows, _index, _pages), new(_options.ScrubEvery, _options.ScrubRate),
            directory.ScrubRecord, ToTime(Device.Superblock.Created), _loops, _time,
            _loggers.CreateLogger("ClaudeFs.Silo"));
        _parts.Push(Scrubber);

        var transport = new RpcServerTransport();
        await StartHostAsync(transport, cancellationToken);
        garbage.Sweep = SweepAsync;
        if (_options.Listen is not null) await ListenAsync(transport, cancellationToken);
        var logger = _loggers.CreateLogger("ClaudeFs.Silo");
        foreach (var finding in Device.Warnings.Concat(Blocks.Findings)) logger.BlockFinding(finding);
        logger.Serving(
            _options.DataDirectory, $"{Device.Superblock.FileSystem}", Device.Geometry.CapacityBytes,
            Listening?.ToString() ?? "no address");
    }

    private async Task OpenDeviceAsync(DataDirectory directory, long size, CancellationToken cancellationToken)
    {
        foreach (var finding in WriteAheadLogs.Settle(directory))
        {
            if (finding.IsBroken) throw new FsException(FsError.EIO, $"{finding.Where}: {finding.What}");
            _loggers.CreateLogger("ClaudeFs.Silo").WriteAheadLogDamaged(finding.Where, finding.What);
        }

        var file = FileBlockDevice.Open(directory.Device, new()
        {
            Create = true,
            SpareBytes = Limits.DeviceGrowthSpareBytes,
            InlineBytesMax = Limits.InlineTransferBytesMax,
            WriteBehindBytesMax = Limits.InlineTransferBytesMax,
        });
        _parts.Push(file);
        Device = await StorageDevice.OpenAsync(file, new()
        {
            CapacityBytes = size,
            Created = Stamp.Of(_time.GetUtcNow()),
            Progress = _options.FormatProgress,
        }, _ids, cancellationToken);
        try
        {
            await OpenBlocksAsync(directory, cancellationToken);
        }
        catch (FsException fault) when (fault.Error is FsError.EIO or FsError.EINVAL or FsError.ESTALE)
        {
            var repair = new BlockIndexRepair(new(directory, Device, _loops, _time));
            var reason = fault.Error == FsError.ESTALE
                ? fault.Message : await repair.FindFaultAsync(cancellationToken);
            if (reason is null) throw;
            await RepairAsync(repair, directory.BlockIndex, reason, cancellationToken);
            await OpenBlocksAsync(directory, cancellationToken);
        }
    }

    private async Task OpenBlocksAsync(DataDirectory directory, CancellationToken cancellationToken)
    {
        var firstAppend = 0ul;
        if (File.Exists(directory.Tables))
        {
            await using var rows = SqliteRowTable.Open(directory.Tables);
            firstAppend = rows.Checkpoint.TailAppend;
        }

        var index = SqliteSegmentIndex.Open(directory.BlockIndex);
        try
        {
            Blocks = await BlockStore.OpenAsync(
                Device, index, new() { FirstAppend = firstAppend }, _loops, _time,
                _loggers.CreateLogger("ClaudeFs.DataPlane.Storage"), cancellationToken);
        }
        catch
        {
            await index.DisposeAsync();
            throw;
        }

        _index = index;
        _parts.Push(index);
        _parts.Push(Blocks);
    }

    private async Task RepairAsync(
        BlockIndexRepair repair, string index, string reason, CancellationToken cancellationToken)
    {
        var logger = _loggers.CreateLogger("ClaudeFs.Silo");
        logger.IndexLost(index, reason);
        var started = _time.GetTimestamp();
        var report = await repair.RunAsync(new RepairProgress(logger, index), cancellationToken);
        logger.IndexMade(
            index, _time.GetElapsedTime(started), report.Segments, report.Items, report.Lost.Count);
    }

    private async Task OpenMetadataAsync(DataDirectory directory, CancellationToken cancellationToken)
    {
        var rows = SqliteRowTable.Open(directory.Tables);
        var fileSystem = Device.Superblock.FileSystem.Low;
        var identity = FileSystemIdentity.Read(rows) ?? FileSystemIdentity.Create(rows, _ids, fileSystem);
        if (identity.FileSystem != fileSystem)
        {
            await rows.DisposeAsync();
            throw new FsException(FsError.EINVAL,
                $"{directory.Tables} belongs to file system {identity.FileSystem:x16}, "
                + $"{directory.Device} to {fileSystem:x16}: put the files of one file system together");
        }
        var coordination = SqliteCoordination.Open(directory.Tables);
        _parts.Push(new Held(coordination));
        // The committer has a thread of its own: it may wait for the device where it is.
        var region = Device.LogRegion(((FileBlockDevice)Device.Device).Inline);
        _log = new EmbeddedLog(region, fileSystem, coordination);
        _rows = rows;
        Metadata = await MetadataStore.OpenAsync(
            new(_log, rows, coordination, _loops, _time, _loggers.CreateLogger("ClaudeFs.Grains.Storage"))
            {
                Feed = Blocks,
                Verifier = Blocks,
            },
            identity, cancellationToken);
        _parts.Push(Metadata);
    }

    private async Task StartHostAsync(RpcServerTransport transport, CancellationToken cancellationToken)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddSingleton(_loggers);
        builder.Services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        builder.Services.AddSingleton(_time);
        builder.Services.AddSingleton<IGarbageEpochs>(Blocks.Epochs);
        transport.AddTo(builder.Services);
        builder.UseOrleans(silo => silo
            .UseLocalhostClustering()
            .Configure<GrainCollectionOptions>(static collection =>
                (collection.CollectionAge, collection.CollectionQuantum) = (ActivationIdleMax, CollectionEvery))
            .AddClaudeFsGrains(Metadata, new()
            {
                SessionTerm = _options.SessionTerm, RootUid = _options.RootUid, RootGid = _options.RootGid,
            }));
        _host = builder.Build();
        _parts.Push(new StoppedHost(_host));
        await _host.StartAsync(cancellationToken);
    }

    private async Task SweepAsync()
    {
        foreach (var shard in Metadata.Shards.Loaded.ToArray())
        {
            await Grains.GetGrain<ClaudeFs.Grains.IShardGrain>(shard.Id.Value).SweepAsync();
        }
    }

    private async Task ListenAsync(RpcServerTransport transport, CancellationToken cancellationToken)
    {
        var router = new RpcRouter();
        transport.AddTo(router);
        var blocks = new BlockServer(_ => Blocks.CreateClient());
        blocks.AddTo(router);
        var logger = _loggers.CreateLogger("ClaudeFs.DataPlane.Rpc");
        var endpoint = new Endpoint(_options.Listen!.Address.ToString(), _options.Listen.Port);
        try
        {
            var server = await RpcServer.StartAsync(
                new TcpTransport(), endpoint, new(PeerRoles.Silo, $"silo-{Environment.ProcessId}"), router, new(),
                _time, logger, cancellationToken);
            _parts.Push(server);
            Listening = server.LocalEndpoint;
        }
        catch (DataPlane.Protocol.RpcException fault)
        {
            throw new FsException(FsError.EBUSY, $"--listen {endpoint}: {fault.Message}: choose another port", fault);
        }
    }

    private static DateTimeOffset ToTime(Stamp stamp) =>
        DateTimeOffset.UnixEpoch.AddTicks(stamp.Nanoseconds / TimeSpan.NanosecondsPerTick);

    private long DecideSize(DataDirectory directory)
    {
        if (_options.SizeBytes is > 0 and < EmbeddedSiloOptions.SizeBytesMin)
        {
            throw new FsException(FsError.EINVAL,
                $"--size {_options.SizeBytes} is too small: "
                + $"a file system has at least {EmbeddedSiloOptions.SizeBytesMin >> 20} MiB");
        }
        if (_options.SizeBytes > 0 || directory.HasFileSystem) return _options.SizeBytes;

        var half = FreeSpace.Of(directory.Path).AvailableBytes / 2 / Limits.SegmentBytes * Limits.SegmentBytes;
        return half >= EmbeddedSiloOptions.SizeBytesMin
            ? half
            : throw new FsException(FsError.ENOSPC,
                $"{directory.Path}: half of the free space is {half} bytes: too small for a file system");
    }

    // A line every few seconds: a start that takes long says what it does.
    private sealed class RepairProgress(ILogger logger, string index) : IProgress<CheckProgress>
    {
        private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

        private TimeSpan _next = Interval;

        public void Report(CheckProgress value)
        {
            if (value.Elapsed < _next) return;
            _next = value.Elapsed + Interval;
            logger.IndexProgress(index, value.Items, value.ItemsTotal);
        }
    }

    private sealed class Held(IDisposable part) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            part.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class StoppedHost(IHost host) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await host.StopAsync();
            host.Dispose();
        }
    }
}
