using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using ClaudeFs.TestKit.Loops;
using ClaudeFs.TestKit.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>
/// A metadata store on simulated everything, from one seed; it can be closed, cut off and opened again.
/// </summary>
internal sealed class SimulatedStore
{
    public const long LogBytes = 8L << 20;

    private readonly int _seed;
    private int _starts;

    private SimulatedStore(int seed, long logBytes)
    {
        _seed = seed;
        Loops = new(seed);
        Device = new(seed);
        Loops.Run(Device.GrowAsync(logBytes));
        Identity = FileSystemIdentity.Create(Rows, new SeededIdSource(seed));
    }

    public LoopScheduler Loops { get; private set; }

    public SimulatedBlockDevice Device { get; set; }

    public MemoryRowTable Rows { get; } = new();

    public MemoryCoordination Coordination { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public FileSystemIdentity Identity { get; }

    public IReferenceFeed? Feed { get; set; }

    public IStoredDataVerifier? Verifier { get; set; }

    public NameHash? Hash { get; set; }

    /// <summary>A planted mistake: flushes of the log do nothing.</summary>
    public bool SkipsFlush { get; set; }

    public MetadataStore Store { get; private set; } = null!;

    public static SimulatedStore Open(int seed, long logBytes = LogBytes, NameHash? hash = null)
    {
        var simulated = new SimulatedStore(seed, logBytes) { Hash = hash };
        simulated.Start();
        return simulated;
    }

    public Shard Shard(int number = 0) => Store.Shards[new((ushort)number)];

    public void Start()
    {
        IBlockDevice device = SkipsFlush ? new FlushlessDevice(Device) : Device;
        var log = new EmbeddedLog(device, Identity.FileSystem, Coordination);
        var seams = new MetadataSeams(log, Rows, Coordination, Loops, Time, NullLogger.Instance)
        {
            Feed = Feed, Verifier = Verifier,
        };
        Store = Loops.Run(MetadataStore.OpenAsync(seams, Identity, Hash, CancellationToken.None));
        Loops.RunAll();
    }

    /// <summary>Closes in good order and opens again.</summary>
    public void Restart()
    {
        Loops.Run(Store.DisposeAsync());
        Start();
    }

    /// <summary>
    /// Power off: loops stop where they are, what was not flushed or made durable may be gone. Then opens again.
    /// </summary>
    public void Crash()
    {
        Loops = new(_seed + ++_starts);
        Device = Device.CutPower();
        Rows.Crash();
        Start();
    }

    /// <summary>The process ends where it is; what it wrote is there, flushed or not. Then opens again.</summary>
    public void Kill()
    {
        Loops = new(_seed + ++_starts);
        Start();
    }

    private sealed class FlushlessDevice(IBlockDevice device) : IBlockDevice
    {
        public string Name => device.Name;

        public long SizeBytes => device.SizeBytes;

        public int BlockBytes => device.BlockBytes;

        public ValueTask ReadAsync(long offset, Memory<byte> destination,
            CancellationToken cancellationToken = default) =>
            device.ReadAsync(offset, destination, cancellationToken);

        public ValueTask WriteAsync(
            long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default) =>
            device.WriteAsync(offset, source, cancellationToken);

        public ValueTask FlushAsync(CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask GrowAsync(
            long sizeBytes, IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
            device.GrowAsync(sizeBytes, progress, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    public void Drain() => Loops.Run(Store.DrainAsync());

    public static OperationContext System => default;

    public static OperationContext Op(ulong session, ulong number, ulong acknowledgedBelow = 1,
        AckMode ack = AckMode.Commit) =>
        new(new(new(session), new(0), number), acknowledgedBelow, Caller.Root, ack);
}
