using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests;

/// <summary>
/// One call between a client and its silo is lost on a connection that lives: it is sent again while that still helps.
/// </summary>
public sealed class LostMessageTests
{
    private const long CapacityBytes = 48L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan TermsLong = TimeSpan.FromMinutes(1);

    private readonly SimulatedWorld _world = new(1);
    private readonly SimulatedDisks _disks;
    private readonly SimulatedNetwork _network;
    private readonly SimulatedClient _client;
    private SimulatedSilo _silo = null!;
    private int _calls;

    public LostMessageTests()
    {
        _disks = new SimulatedDisks(_world, CapacityBytes, PlantedFault.None);
        _network = new SimulatedNetwork(_world, 0);
        _client = new SimulatedClient("remote", isEmbedded: false, _world);
    }

    // The first opens the session, the second is a keepalive.
    [Theory, InlineData(1), InlineData(2)]
    public void A_client_that_starts_keeps_its_session(int lost)
    {
        StartSilo();
        Lose(lost);
        StartClient();
        WatchOver(_client.Session);
    }

    // It hears from its keepalive that the silo has restarted, opens the session again, and says that it has settled.
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_client_that_comes_back_keeps_its_session(int lost)
    {
        StartSilo();
        StartClient();
        var session = _client.Session;
        _silo.Process.Kill();
        _disks.Kill();
        _network.KillSilo();
        StartSilo();
        Lose(lost);
        WatchOver(session);
    }

    private void WatchOver(SessionId session)
    {
        var until = _world.Time.GetUtcNow() + TermsLong;
        _world.RunUntil(
            () => _world.Time.GetUtcNow() >= until || _client.Session != session, "some terms", Patience);
        Assert.Equal((session, true), (_client.Session, _silo.Serves(session)));
        Assert.True(_calls > 3, $"{_calls} calls");
    }

    private void Lose(int lost)
    {
        _calls = 0;
        _network.Loses = process => process == _silo.Process && ++_calls == lost;
    }

    private void StartSilo()
    {
        var process = _world.StartProcess("silo");
        _world.Run(process, "the silo starts", Patience, async () =>
            _silo = await SimulatedSilo.StartAsync(process, _world, _disks, _network));
    }

    private void StartClient()
    {
        var process = _world.StartProcess(_client.Name);
        _world.Run(process, "the client starts", Patience, async () =>
        {
            var connection = await RemoteConnection.StartAsync(process, _world, _network);
            await _client.StartAsync(process, connection.Grains, connection.Blocks);
        });
    }
}
