using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Memory;
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
    public const long CapacityBytes = 96L << 20;
    public const int SegmentBytes = 256 << 10;
    private static readonly TimeSpan LatencyMax = TimeSpan.FromMicroseconds(400);

    private readonly SimulatedWorld _world;
    private readonly Random _random;

    public SimulatedDisks(SimulatedWorld world)
    {
        _world = world;
        _random = new Random(world.Seed ^ 0xD15C);
        Device = new SimulatedBlockDevice(world.Seed) { SizeBytesMax = CapacityBytes };
        Ids = new SeededIdSource(world.Seed);
        FileSystem = new FileSystemId(Ids.NextId(), Ids.NextId());
        Identity = FileSystemIdentity.Create(Rows, Ids, FileSystem.Low);
        Begin();
    }

    public SimulatedBlockDevice Device { get; private set; }

    public MemoryRowTable Rows { get; } = new();

    public MemorySegmentIndex Index { get; } = new();

    public MemoryCoordination Coordination { get; } = new();

    public SeededIdSource Ids { get; }

    public FileSystemId FileSystem { get; }

    public FileSystemIdentity Identity { get; }

    /// <summary>Flushes are answered and do nothing: a mistake that the simulation must find.</summary>
    public bool IgnoresFlushes
    {
        get => Device.IgnoresFlushes;
        set => Device.IgnoresFlushes = value;
    }

    /// <summary>The power goes: what was not flushed may be lost, torn or there, in any order.</summary>
    public void Cut()
    {
        var ignoresFlushes = Device.IgnoresFlushes;
        Device = Device.CutPowerOfMachine();
        Device.IgnoresFlushes = ignoresFlushes;
        Device.SizeBytesMax = CapacityBytes;
        Rows.Crash();
        Begin();
    }

    // Each request takes its own time, and those under way end in any order.
    private void Begin()
    {
        var device = Device;
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
