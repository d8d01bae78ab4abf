using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Memory;
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
        var log = new EmbeddedLog(Device, Identity.FileSystem, Coordination);
        var seams = new MetadataSeams(log, Rows, Coordination, Loops, Time, NullLogger.Instance)
        {
            Feed = Feed, Verifier = Verifier,
        };
        Store = Loops.Run(MetadataStore.OpenAsync(seams, Identity, Hash, CancellationToken.None));
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

    public void Drain() => Loops.Run(Store.DrainAsync());

    public static OperationContext System => default;

    public static OperationContext Op(ulong session, ulong number, ulong acknowledgedBelow = 1,
        AckMode ack = AckMode.Commit) =>
        new(new(new(session), new(0), number), acknowledgedBelow, Caller.Root, ack);
}
