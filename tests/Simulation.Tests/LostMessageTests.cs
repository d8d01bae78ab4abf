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

    private readonly SimulatedCluster _cluster = new(1, CapacityBytes, Patience);
    private readonly SimulatedClient _client;
    private int _calls;

    public LostMessageTests() => _client = new SimulatedClient("remote", isEmbedded: false, _cluster.World);

    // The first opens the session, the second is a keepalive.
    [Theory, InlineData(1), InlineData(2)]
    public void A_client_that_starts_keeps_its_session(int lost)
    {
        _cluster.StartSilo();
        Lose(lost);
        _cluster.StartRemote(_client, _client.Name);
        WatchOver(_client.Session);
    }

    // It hears from its keepalive that the silo has restarted, opens the session again, and says that it has settled.
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_client_that_comes_back_keeps_its_session(int lost)
    {
        _cluster.StartSilo();
        _cluster.StartRemote(_client, _client.Name);
        var session = _client.Session;
        _cluster.GoDown(isKill: true);
        _cluster.StartSilo();
        Lose(lost);
        WatchOver(session);
    }

    private void WatchOver(SessionId session)
    {
        var until = _cluster.World.Time.GetUtcNow() + TermsLong;
        _cluster.RunUntil(
            () => _cluster.World.Time.GetUtcNow() >= until || _client.Session != session, "some terms");
        Assert.Equal((session, true), (_client.Session, _cluster.Silo.Serves(session)));
        Assert.True(_calls > 3, $"{_calls} calls");
    }

    private void Lose(int lost)
    {
        _calls = 0;
        _cluster.Network.Loses = process => process == _cluster.SiloProcess && ++_calls == lost;
    }
}
