using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using ClaudeFs.TestKit.Simulation;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>
/// What of a silo's machine outlives a power cut: the device, the tables, the index of the segments, the epochs.
/// </summary>
internal sealed class SimulatedDisks
{
    public const int SegmentBytes = 256 << 10;
    private static readonly TimeSpan LatencyMax = TimeSpan.FromMicroseconds(400);

    private readonly SimulatedWorld _world;
    private readonly Random _random;
    private readonly PlantedFault _planted;
    private readonly DeviceGeometry _geometry;

    public SimulatedDisks(SimulatedWorld world, long capacityBytes, PlantedFault planted)
    {
        _world = world;
        _planted = planted;
        CapacityBytes = capacityBytes;
        _geometry = DeviceGeometry.For(capacityBytes, SegmentBytes);
        _random = new Random(world.Seed ^ 0xD15C);
        Device = new SimulatedBlockDevice(world.Seed);
        Rows.ForgetsDurability = planted == PlantedFault.LogIsRecycledEarly;
        Ids = new SeededIdSource(world.Seed);
        FileSystem = new FileSystemId(Ids.NextId(), Ids.NextId());
        Identity = FileSystemIdentity.Create(Rows, Ids, FileSystem.Low);
        Begin();
    }

    public long CapacityBytes { get; }

    public SimulatedBlockDevice Device { get; private set; }

    public MemoryRowTable Rows { get; } = new();

    public MemorySegmentIndex Index { get; } = new();

    public MemoryCoordination Coordination { get; } = new();

    public SeededIdSource Ids { get; }

    public FileSystemId FileSystem { get; }

    public FileSystemIdentity Identity { get; }

    /// <summary>The log, as a silo with the planted mistake sees it.</summary>
    public IBlockDevice LogRegion(StorageDevice device) => _planted == PlantedFault.TornAppendIsTrusted
        ? new TrustingLogRegion(device.LogRegion())
        : device.LogRegion();

    /// <summary>Who decides whether the last append counts, with the planted mistake.</summary>
    public IStoredDataVerifier Verifier(IStoredDataVerifier verifier) =>
        _planted == PlantedFault.TornDataIsTrusted ? new TrustingVerifier() : verifier;

    /// <summary>The power goes: what was not flushed may be lost, torn or there, in any order.</summary>
    public void Cut()
    {
        Device = Device.CutPowerOfMachine();
        Rows.Crash();
        Begin();
    }

    /// <summary>The silo's process is killed, the machine goes on.</summary>
    public void Kill() => Device.KillProcess();

    // Each request takes its own time, and those under way end in any order.
    private void Begin()
    {
        var device = Device;
        device.SizeBytesMax = CapacityBytes;
        device.FlushMisses = _planted switch
        {
            PlantedFault.NothingIsFlushed => static _ => true,
            PlantedFault.LogIsNotFlushed => offset =>
                offset >= _geometry.LogOffsetBytes && offset < _geometry.ZonesOffsetBytes,
            PlantedFault.DataIsNotFlushed => offset => offset >= _geometry.ZonesOffsetBytes,
            _ => null,
        };
        device.IsSlow = true;
        device.Queued = () =>
        {
            var latency = LatencyMax * _random.NextDouble();
            ITimer? timer = null;
            timer = _world.Outside.Time.CreateTimer(
                _ =>
                {
                    timer!.Dispose();
                    device.CompleteOne();
                },
                null, latency, Timeout.InfiniteTimeSpan);
        };
    }
}
