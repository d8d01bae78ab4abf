using ClaudeFs.DataPlane.Rpc;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.DataPlane.Transports.Memory;
using ClaudeFs.TestKit.Simulation;
using Orleans.Messaging;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>
/// The network between the processes: every delivery takes a time of its own and is in the trace; connections break.
/// </summary>
internal sealed class SimulatedNetwork
{
    private static readonly TimeSpan DelayMin = TimeSpan.FromMicroseconds(20);
    private static readonly TimeSpan DelaySpread = TimeSpan.FromMicroseconds(400);
    private static readonly TimeSpan DelaySlow = TimeSpan.FromMilliseconds(30);
    private const int SlowOneIn = 200;

    private readonly SimulatedWorld _world;
    private readonly Random _random;
    private readonly int _breakOneIn;

    /// <summary>
    /// A network in which one of <paramref name="breakOneIn"/> deliveries is the last of its connection; 0: none.
    /// </summary>
    public SimulatedNetwork(SimulatedWorld world, int breakOneIn)
    {
        _world = world;
        _breakOneIn = breakOneIn;
        _random = new Random(world.Seed ^ 0x2E7);
        Links = new MemoryNetwork(world.Outside.Start("network"), world.Outside.Time)
        {
            Delay = DelayMin, Arriving = Arrive,
        };
        Transport = new MemoryTransport(Links);
    }

    public static Endpoint SiloEndpoint { get; } = new("silo", Endpoint.DefaultPort);

    /// <summary>Calls go on where the simulation is.</summary>
    public static RpcOptions RpcOptions { get; } = new() { InlineContinuations = true };

    /// <summary>What happens to grain calls on their way.</summary>
    public MessageFaultRates Messages { get; init; } = MessageFaultRates.None;

    /// <summary>Asked for each grain call that arrives at a process: whether it is lost there.</summary>
    public Func<SimulatedProcess, bool>? Loses { get; set; }

    /// <summary>Messages that something was done to, and connections that broke.</summary>
    public int FaultCount { get; private set; }

    public MemoryNetwork Links { get; }

    public MemoryTransport Transport { get; }

    /// <summary>A transport on which messages go astray as they shall.</summary>
    public IMessageTransport Disturb(IMessageTransport transport, SimulatedProcess process) =>
        new MessageFaults(transport, process, _world, _random, Messages, () => Loses?.Invoke(process) ?? false,
            () => FaultCount++);

    /// <summary>The silo's machine is gone.</summary>
    public void KillSilo() => Links.Kill(SiloEndpoint);

    private void Arrive(MemoryLink link, ReadOnlyMemory<byte> bytes)
    {
        _world.Trace.Add($"arrives {link.Client}", bytes.Span);
        link.Delay = _random.Next(SlowOneIn) == 0 ? DelaySlow : DelayMin + (DelaySpread * _random.NextDouble());
        if (_breakOneIn == 0 || _random.Next(_breakOneIn) != 0) return;
        FaultCount++;
        _world.Trace.Add("breaks", link.Client);
        _world.Outside.Post("break", static state => ((MemoryLink)state!).Break(), link);
    }
}
