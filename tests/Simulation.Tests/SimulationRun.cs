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
    private readonly SimulatedCluster _cluster;
    private readonly SimulatedClient _local;
    private readonly SimulatedClient _remote;
    private readonly OperationCounts _counts = new();
    private readonly SharedDirectory _shared = new();
    private readonly Random _random;
    private readonly List<Driver> _drivers = [];
    private bool _isOver;

    private SimulationRun(SimulationPlan plan)
    {
        _plan = plan;
        _random = new Random(plan.Seed ^ 0x0C07);
        _cluster = new(plan.Seed, plan.CapacityBytes, Patience, plan.Planted, plan.BreakOneIn);
        _cluster.World.Trace.Log = plan.Log;
        _local = new SimulatedClient("local", isEmbedded: true, _cluster.World);
        _remote = new SimulatedClient("remote", isEmbedded: false, _cluster.World)
        {
            MayFail = plan.BreakOneIn > 0 || plan.CutCount > 0,
        };
        _cluster.Clients.AddRange([_local, _remote]);
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
        var began = _cluster.World.Time.GetUtcNow();
        _cluster.StartSilo();
        _cluster.StartRemote(_remote, _remote.Name);
        DoAll("prepares", static driver => driver.PrepareAsync());
        _cluster.Do(_local.Process, "what all begin with is durable", async () => Answers.Check(
            "sync", (await _local.Files.SyncAsync(InodeId.Root, false, CancellationToken.None)).Error, []));
        foreach (var driver in _drivers) Begin(driver);
        for (var cut = 0; cut < _plan.CutCount; cut++)
        {
            RunTo(_plan.OperationCount * (cut + 1) / (_plan.CutCount + 1));
            Crash();
        }

        RunTo(_plan.OperationCount);
        _isOver = true;
        _cluster.RunUntil(() => _cluster.IsAtRest, "the last operations");
        RecoverRest();
        VerifyAll();
        Restart();
        VerifyAll();
        return new(
            _cluster.World.Trace.Hash, _counts.Total, _cluster.World.StepCount,
            _cluster.World.Time.GetUtcNow() - began, _counts.ToString())
        {
            Crashes = _crashes,
        };
    }

    private void AddDrivers(SimulatedClient client)
    {
        for (var i = 0; i < 2; i++)
        {
            _drivers.Add(new PrivateDriver($"{client.Name}{i}", client, _cluster.World, _random.Next(), _counts));
        }

        _drivers.Add(new SharedDriver(
            $"{client.Name}-shared", client, _cluster.World, _random.Next(), _counts, _shared));
    }

    private void Begin(Driver driver) =>
        _cluster.Begin(driver, driver.Client.Process, () => driver.RunAsync(() => _isOver));

    private void DoAll(string what, Func<Driver, Task> work)
    {
        foreach (var driver in _drivers)
            _cluster.Do(driver.Client.Process, $"{driver.Name} {what}", () => work(driver));
    }

    private void RunTo(int operations) =>
        _cluster.RunUntil(() => _counts.Total >= operations, $"operation {operations}");

    // The silo forgets the session of a client beyond the network: what that one has written must be committed before.
    private void Restart()
    {
        _cluster.Do(_remote.Process, "the remote client flushes", async () =>
            Answers.Check(
                "sync", (await _remote.Files.SyncAsync(InodeId.Root, false, CancellationToken.None)).Error, []));
        _cluster.Do(_local.Process, "the local client stops", _local.StopAsync);
        _cluster.Do(_cluster.Silo.Process, "the silo stops", _cluster.Silo.StopAsync);
        _cluster.Silo.Process.Kill();
        _cluster.Network.KillSilo();
        var check = _cluster.World.StartProcess("fsck");
        _cluster.Do(check, "fsck", () => SimulatedCheck.RunAsync(check, _cluster.Disks));
        _cluster.StartSilo();
    }

    // A client may have ended its operations without having noticed, or used, what became of its session at the last
    // cut: what it had not made durable may be gone with the old one, and is told by the next fsync or close only.
    private void RecoverRest()
    {
        _cluster.RunUntil(() => !_local.IsDoomed && !_remote.IsDoomed, "the sessions after the last cut");
        DoAll("recovers", static driver => driver.RecoverLostSessionAsync());
    }

    private void VerifyAll()
    {
        DoAll("verifies", static driver => driver.VerifyAsync());
        var listings = new List<string>();
        foreach (var client in _cluster.Clients)
        {
            _cluster.Do(client.Process, $"{client.Name} lists",
                async () => listings.Add(await ListSharedAsync(client)));
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
}
