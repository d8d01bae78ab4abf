using System.Text;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.Simulation.Tests.Model;
using ClaudeFs.Simulation.Tests.Workload;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// One run from one seed: a silo, a client in its process and one beyond the network, their operations at the same
/// time, power cuts among them, and at the end everything compared, before and after a restart in good order.
/// </summary>
internal sealed partial class SimulationRun
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly SimulationPlan _plan;
    private readonly SimulatedWorld _world;
    private readonly SimulatedDisks _disks;
    private readonly SimulatedNetwork _network;
    private readonly SimulatedClient _local;
    private readonly SimulatedClient _remote;
    private readonly OperationCounts _counts = new();
    private readonly SharedDirectory _shared = new();
    private readonly Random _random;
    private readonly List<Driver> _drivers = [];
    private readonly Dictionary<Driver, Task> _running = [];
    private SimulatedSilo _silo = null!;
    private SimulatedProcess _siloProcess = null!;
    private bool _isOver;

    private SimulationRun(SimulationPlan plan)
    {
        _plan = plan;
        _world = new SimulatedWorld(plan.Seed);
        _world.Trace.Log = plan.Log;
        _random = new Random(plan.Seed ^ 0x0C07);
        _disks = new SimulatedDisks(_world, plan.CapacityBytes, plan.Planted);
        _network = new SimulatedNetwork(_world, plan.BreakOneIn);
        _local = new SimulatedClient("local", isEmbedded: true, _world);
        _remote = new SimulatedClient("remote", isEmbedded: false, _world)
        {
            MayFail = plan.BreakOneIn > 0 || plan.CutCount > 0,
        };
        AddDrivers(_local);
        AddDrivers(_remote);
    }

    /// <summary>Runs it; throws <see cref="SimulationFailureException"/> for what is not as it must be.</summary>
    public static SimulationResult Execute(SimulationPlan plan)
    {
        var run = new SimulationRun(plan);
        try
        {
            return run.Execute();
        }
        catch (Exception fault)
        {
            throw new SimulationFailureException(
                $"{fault.Message}\nReproduce: {plan.Reproduce}", fault);
        }
    }

    private SimulationResult Execute()
    {
        var began = _world.Time.GetUtcNow();
        StartSilo();
        foreach (var driver in _drivers) Do(driver.Client.Process, $"{driver.Name} prepares", driver.PrepareAsync);
        foreach (var driver in _drivers) Begin(driver);
        for (var cut = 0; cut < _plan.CutCount; cut++)
        {
            RunTo(_plan.OperationCount * (cut + 1) / (_plan.CutCount + 1));
            Crash();
        }

        RunTo(_plan.OperationCount);
        _isOver = true;
        RunUntil(() => _running.Values.All(static task => task.IsCompleted), "the last operations");
        RecoverRest();
        VerifyAll();
        Restart();
        VerifyAll();
        return new(
            _world.Trace.Hash, _counts.Total, _world.StepCount, _world.Time.GetUtcNow() - began, _counts.ToString())
        {
            Crashes = _crashes,
        };
    }

    private void AddDrivers(SimulatedClient client)
    {
        for (var i = 0; i < 2; i++)
        {
            _drivers.Add(new PrivateDriver($"{client.Name}{i}", client, _world, _random.Next(), _counts));
        }

        _drivers.Add(new SharedDriver($"{client.Name}-shared", client, _world, _random.Next(), _counts, _shared));
    }

    private void Begin(Driver driver) =>
        _running[driver] = driver.Client.Process.BeginAsync(() => driver.RunAsync(() => _isOver));

    private void StartSilo()
    {
        var process = _siloProcess = _world.StartProcess("silo");
        Do(process, "the silo starts", () => StartSiloAsync(process));
        _local.Silo = _remote.Silo = _silo;
        Do(process, "the local client starts", () =>
            _local.StartAsync(process, _silo.Grains, _silo.Blocks.CreateClient()));
        if (_remote.Start == 0) StartRemote();
    }

    private async Task StartSiloAsync(SimulatedProcess process) =>
        _silo = await SimulatedSilo.StartAsync(process, _world, _disks, _network);

    private void StartRemote()
    {
        var process = _world.StartProcess("remote");
        Do(process, "the remote client starts", async () =>
        {
            var connection = await RemoteConnection.StartAsync(process, _world, _network);
            await _remote.StartAsync(process, connection.Grains, connection.Blocks);
        });
    }

    private void RunTo(int operations) => RunUntil(() => _counts.Total >= operations, $"operation {operations}");

    // The silo forgets the session of a client beyond the network: what that one has written must be committed before.
    private void Restart()
    {
        Do(_remote.Process, "the remote client flushes", async () =>
            Answers.Check(
                "sync", (await _remote.Files.SyncAsync(InodeId.Root, false, CancellationToken.None)).Error, []));
        Do(_local.Process, "the local client stops", _local.StopAsync);
        Do(_silo.Process, "the silo stops", _silo.StopAsync);
        _silo.Process.Kill();
        _network.KillSilo();
        var check = _world.StartProcess("fsck");
        Do(check, "fsck", () => SimulatedCheck.RunAsync(check, _disks));
        StartSilo();
    }

    // A client may have ended its operations without having noticed, or used, what became of its session at the last
    // cut: what it had not made durable may be gone with the old one, and is told by the next fsync or close only.
    private void RecoverRest()
    {
        RunUntil(() => !_local.IsDoomed && !_remote.IsDoomed, "the sessions after the last cut");
        foreach (var driver in _drivers)
        {
            Do(driver.Client.Process, $"{driver.Name} recovers", driver.RecoverLostSessionAsync);
        }
    }

    private void VerifyAll()
    {
        foreach (var driver in _drivers) Do(driver.Client.Process, $"{driver.Name} verifies", driver.VerifyAsync);
        var listings = new List<string>();
        foreach (var client in new[] { _local, _remote })
        {
            Do(client.Process, $"{client.Name} lists", async () => listings.Add(await ListSharedAsync(client)));
        }

        Answers.That(listings[0] == listings[1], "the shared directory",
            $"one client sees [{listings[0]}], the other [{listings[1]}]");
    }

    private async Task<string> ListSharedAsync(SimulatedClient client)
    {
        var listing = await client.Files.ReadDirectoryAsync(_shared.Inode, withAttributes: true);
        Answers.Check("readdir of the shared directory", listing.Error, []);
        var text = new StringBuilder();
        foreach (var entry in listing.Value)
        {
            var stat = await client.Files.GetAttributesAsync(entry.Inode, CancellationToken.None);
            Answers.Check($"stat of {entry.Inode}", stat.Error, []);
            var attributes = stat.Value.Attributes;
            var names = listing.Value.Count(other => other.Inode == entry.Inode);
            Answers.That(attributes.IsDirectory ? names == 1 : attributes.Nlink == names, $"inode {entry.Inode}",
                $"{attributes.Nlink} links, {names} names");
            text.Append(Encoding.UTF8.GetString(entry.Name.Span)).Append(' ').Append(entry.Inode).Append(' ')
                .Append(attributes.Mode).Append(' ').Append(attributes.SizeBytes).Append(' ')
                .Append(attributes.Mtime).Append(';');
        }

        return text.ToString();
    }

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
