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
    private readonly SimulatedCluster _cluster;
    private readonly OperationCounts _counts = new();
    private readonly HistoryScene _scene = new();
    private readonly Random _random;
    private readonly List<HistoryDriver> _drivers = [];
    private bool _isOver;

    private FaultRun(FaultPlan plan)
    {
        _plan = plan;
        _random = new Random(plan.Seed ^ 0x0FA7);
        _cluster = new(plan.Seed, CapacityBytes, Patience, plan.Planted, plan.BreakOneIn, plan.Messages);
        _cluster.World.Trace.Log = plan.Log;
        foreach (var name in new[] { "local", "remote", "distant" })
        {
            var client = new SimulatedClient(name, isEmbedded: name == "local", _cluster.World)
            {
                Planted = plan.Planted,
            };
            _cluster.Clients.Add(client);
            AddDrivers(client);
        }
    }

    private SimulatedClient Local => _cluster.Clients[0];

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
        _cluster.StartSilo();
        _cluster.Do(Local.Process, "the scene", _drivers[0].PrepareAsync);
        _cluster.Do(Local.Process, "the scene is durable", async () => await Local.Files.SyncAsync(
            InodeId.Root, false, CancellationToken.None));
        foreach (var client in _cluster.Clients)
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
        return new(_cluster.World.Trace.Hash, _counts.Total, _scene.Recorder.Unanswered, _cuts, _kills, _deaths,
            _diskFaults, _readOnlyCount, _cluster.Network.FaultCount, _scene.Recorder.Undecided);
    }

    // All come to rest and look at everything; then once more after a restart.
    private void Finish()
    {
        _isOver = true;
        _cluster.RunUntil(() => _cluster.IsAtRest, "the last operations");
        LookAtAll();
        GoDown(isKill: true);
        _cluster.StartSilo();
        LookAtAll();
        _scene.Recorder.Check();
    }

    private void LookAtAll()
    {
        foreach (var driver in _drivers) _cluster.Do(driver.Client.Process, $"{driver.Name} looks", driver.LookAsync);
    }

    private void AddDrivers(SimulatedClient client)
    {
        for (var i = 0; i < StrandsEach; i++)
        {
            _drivers.Add(new HistoryDriver($"{client.Name}{i}", client, _cluster.World, _random.Next(), _counts, _scene,
                IsExplained, IsReadOnly));
        }
    }

    private void Begin(HistoryDriver driver) =>
        _cluster.Begin(driver, driver.Client.Process, () => driver.RunAsync(() => _isOver));

    private void StartRemote(SimulatedClient client) => _cluster.StartRemote(client, $"{client.Name}{client.Start}");

    private void RunTo(int operations) =>
        _cluster.RunUntil(() => _counts.Total >= operations, $"operation {operations}");
}
