using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>
/// One silo, its disks, the network and its clients, in a world of their own. The silo goes down and starts again; a
/// strand of work that fails ends whatever is awaited.
/// </summary>
internal sealed class SimulatedCluster
{
    private readonly TimeSpan _patience;
    private readonly Dictionary<object, Task> _running = [];

    /// <summary>Nothing is started yet.</summary>
    /// <param name="seed">Where everything is drawn from.</param>
    /// <param name="capacityBytes">Size of the silo's device.</param>
    /// <param name="patience">Simulated time after which what is awaited counts as hanging.</param>
    /// <param name="planted">A mistake of the disks.</param>
    /// <param name="breakOneIn">One of so many deliveries is the last of its connection; 0: none.</param>
    /// <param name="messages">How grain calls go astray; null: none does.</param>
    public SimulatedCluster(
        int seed, long capacityBytes, TimeSpan patience, PlantedFault planted = PlantedFault.None, int breakOneIn = 0,
        MessageFaultRates? messages = null)
    {
        _patience = patience;
        World = new SimulatedWorld(seed);
        Disks = new SimulatedDisks(World, capacityBytes, planted);
        Network = new SimulatedNetwork(World, breakOneIn) { Messages = messages ?? MessageFaultRates.None };
    }

    public SimulatedWorld World { get; }

    public SimulatedDisks Disks { get; }

    public SimulatedNetwork Network { get; }

    /// <summary>Those that are told of a new silo; the embedded ones start with it.</summary>
    public List<SimulatedClient> Clients { get; } = [];

    /// <summary>The one that was started last.</summary>
    public SimulatedSilo Silo { get; private set; } = null!;

    /// <summary>Where it is, was, or is starting.</summary>
    public SimulatedProcess SiloProcess { get; private set; } = null!;

    /// <summary>Whether all strands have ended.</summary>
    public bool IsAtRest => _running.Values.All(static task => task.IsCompleted);

    /// <summary>Starts the silo, and the clients in its process.</summary>
    public void StartSilo()
    {
        Await(BeginSilo(), "the silo starts");
        foreach (var client in Clients)
        {
            client.Silo = Silo;
            if (!client.IsEmbedded) continue;
            Do(SiloProcess, $"{client.Name} starts", () =>
                client.StartAsync(SiloProcess, Silo.Grains, Silo.Blocks.CreateClient()));
        }
    }

    /// <summary>Begins to start the silo, without waiting for its end.</summary>
    public Task BeginSilo()
    {
        var process = SiloProcess = World.StartProcess("silo");
        return process.BeginAsync(async () => Silo = await SimulatedSilo.StartAsync(process, World, Disks, Network));
    }

    /// <summary>Starts a client beyond the network, in a process of this name.</summary>
    public void StartRemote(SimulatedClient client, string processName)
    {
        var process = World.StartProcess(processName);
        Do(process, $"{client.Name} starts", async () =>
        {
            var connection = await RemoteConnection.StartAsync(process, World, Network);
            await client.StartAsync(process, connection.Grains, connection.Blocks);
        });
    }

    /// <summary>The silo's process is killed, or the power of its machine is cut.</summary>
    public void GoDown(bool isKill)
    {
        World.Trace.Add("power", isKill ? "killed" : "cut");
        SiloProcess.Kill();
        if (isKill) Disks.Kill();
        else Disks.Cut();
        Network.KillSilo();
    }

    /// <summary>Lets a strand run beside all else; it takes the place of what it ran before.</summary>
    public void Begin(object strand, SimulatedProcess process, Func<Task> work) =>
        _running[strand] = process.BeginAsync(work);

    /// <summary>Runs until the work has ended in the process; its fault is thrown.</summary>
    public void Do(SimulatedProcess process, string what, Func<Task> work) => Await(process.BeginAsync(work), what);

    /// <summary>Runs until the condition holds; what ended a strand is thrown.</summary>
    public void RunUntil(Func<bool> isDone, string awaited)
    {
        Task? failed = null;
        World.RunUntil(
            () => isDone() || (failed = _running.Values.FirstOrDefault(static task => task.IsFaulted)) is not null,
            awaited, _patience);
        if (failed?.Exception?.InnerException is { } fault) throw new SimulationFailureException(fault.Message, fault);
    }

    /// <summary>Runs so many steps, or until the condition holds.</summary>
    public void RunSteps(int count, Func<bool>? isDone = null)
    {
        var steps = World.StepCount + count;
        RunUntil(() => isDone?.Invoke() == true || World.StepCount >= steps, $"{count} steps");
    }

    private void Await(Task task, string what)
    {
        RunUntil(() => task.IsCompleted, what);
        if (task.Exception?.InnerException is { } fault)
            throw new SimulationFailureException($"{what}: {fault.Message}", fault);
    }
}
