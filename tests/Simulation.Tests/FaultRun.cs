using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Histories;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.Simulation.Tests.Workload;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// One run from one seed with faults of all kinds: a silo, a client in its process and two beyond the network, all at
/// work on the same names, files and pages. At the end every history must have an order, and every error its fault.
/// </summary>
internal sealed partial class FaultRun
{
    private const long CapacityBytes = 48L << 20;
    private const int StrandsEach = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly FaultPlan _plan;
    private readonly SimulatedWorld _world;
    private readonly SimulatedDisks _disks;
    private readonly SimulatedNetwork _network;
    private readonly SimulatedClient[] _clients;
    private readonly OperationCounts _counts = new();
    private readonly HistoryScene _scene = new();
    private readonly Random _random;
    private readonly List<HistoryDriver> _drivers = [];
    private readonly Dictionary<HistoryDriver, Task> _running = [];
    private SimulatedSilo _silo = null!;
    private SimulatedProcess _siloProcess = null!;
    private bool _isOver;

    private FaultRun(FaultPlan plan)
    {
        _plan = plan;
        _world = new SimulatedWorld(plan.Seed);
        _world.Trace.Log = plan.Log;
        _random = new Random(plan.Seed ^ 0x0FA7);
        _disks = new SimulatedDisks(_world, CapacityBytes, plan.Planted);
        _network = new SimulatedNetwork(_world, plan.BreakOneIn) { Messages = plan.Messages };
        _clients =
        [
            new("local", isEmbedded: true, _world) { Planted = plan.Planted },
            new("remote", isEmbedded: false, _world) { Planted = plan.Planted },
            new("distant", isEmbedded: false, _world) { Planted = plan.Planted },
        ];
        foreach (var client in _clients) AddDrivers(client);
    }

    private SimulatedClient Local => _clients[0];

    /// <summary>Runs it; throws <see cref="SimulationFailureException"/> for what is not as it must be.</summary>
    public static FaultResult Execute(FaultPlan plan)
    {
        var run = new FaultRun(plan);
        try
        {
            return run.Execute();
        }
        catch (Exception fault)
        {
            throw new SimulationFailureException(
                $"{fault.Message}\nReproduce: dotnet ClaudeFs.Simulation.Tests.dll faults {plan.Seed} 1 "
                + $"{plan.OperationCount} {plan.CrashCount} {plan.Planted}", fault);
        }
    }

    private FaultResult Execute()
    {
        StartSilo();
        Do(Local.Process, "the scene", _drivers[0].PrepareAsync);
        Do(Local.Process, "the scene is durable", async () => await Local.Files.SyncAsync(
            InodeId.Root, false, CancellationToken.None));
        foreach (var client in _clients)
        {
            if (!client.IsEmbedded) StartRemote(client);
            _scene.Recorder.Follow(client);
        }

        foreach (var driver in _drivers) Begin(driver);
        for (var crash = 0; crash < _plan.CrashCount; crash++)
        {
            RunTo(_plan.OperationCount * (crash + 1) / (_plan.CrashCount + 1));
            DrawFault();
        }

        RunTo(_plan.OperationCount);
        Finish();
        return new(_world.Trace.Hash, _counts.Total, _scene.Recorder.Unanswered, _cuts, _kills, _deaths, _diskFaults,
            _readOnlyCount, _network.FaultCount, _scene.Recorder.Undecided);
    }

    // All come to rest and look at everything; then once more after a restart.
    private void Finish()
    {
        _isOver = true;
        RunUntil(() => _running.Values.All(static task => task.IsCompleted), "the last operations");
        foreach (var driver in _drivers) Do(driver.Client.Process, $"{driver.Name} looks", driver.LookAsync);
        GoDown(isKill: true);
        StartSilo();
        foreach (var driver in _drivers) Do(driver.Client.Process, $"{driver.Name} looks again", driver.LookAsync);
        _scene.Recorder.Check();
    }

    private void AddDrivers(SimulatedClient client)
    {
        for (var i = 0; i < StrandsEach; i++)
        {
            _drivers.Add(new HistoryDriver($"{client.Name}{i}", client, _world, _random.Next(), _counts, _scene,
                IsExplained, IsReadOnly));
        }
    }

    private void Begin(HistoryDriver driver) =>
        _running[driver] = driver.Client.Process.BeginAsync(() => driver.RunAsync(() => _isOver));

    private void StartSilo()
    {
        var process = _siloProcess = _world.StartProcess("silo");
        Do(process, "the silo starts", async () =>
            _silo = await SimulatedSilo.StartAsync(process, _world, _disks, _network));
        foreach (var client in _clients) client.Silo = _silo;
        Do(process, "the local client starts", () =>
            Local.StartAsync(process, _silo.Grains, _silo.Blocks.CreateClient()));
    }

    private void StartRemote(SimulatedClient client)
    {
        var process = _world.StartProcess($"{client.Name}{client.Start}");
        Do(process, $"{client.Name} starts", async () =>
        {
            var connection = await RemoteConnection.StartAsync(process, _world, _network);
            await client.StartAsync(process, connection.Grains, connection.Blocks);
        });
    }

    private void RunTo(int operations) => RunUntil(() => _counts.Total >= operations, $"operation {operations}");

    private void Do(SimulatedProcess process, string what, Func<Task> work)
    {
        var task = process.BeginAsync(work);
        RunUntil(() => task.IsCompleted, what);
        if (task.Exception?.InnerException is { } fault)
            throw new SimulationFailureException($"{what}: {fault.Message}", fault);
    }

    private void RunUntil(Func<bool> isDone, string awaited)
    {
        Task? failed = null;
        _world.RunUntil(
            () => isDone() || (failed = _running.Values.FirstOrDefault(static task => task.IsFaulted)) is not null,
            awaited, Patience);
        if (failed?.Exception?.InnerException is { } fault) throw new SimulationFailureException(fault.Message, fault);
    }
}
