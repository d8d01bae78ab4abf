using ClaudeFs.Client;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Simulation;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>A client library in a simulated process: in the silo's, or in one of its own over the network.</summary>
internal sealed class SimulatedClient(string name, bool isEmbedded, SimulatedWorld world)
{
    private FileSystemClient? _files;
    private SessionId _first;

    public string Name => name;

    /// <summary>The process it lives in.</summary>
    public SimulatedProcess Process { get; private set; } = world.Outside;

    public bool IsEmbedded => isEmbedded;

    public IFileSystem Files => _files!;

    /// <summary>How often it was started.</summary>
    public int Start { get; private set; }

    public SessionId Session => _files?.Session ?? default;

    /// <summary>Whether operations may fail because the silo is away or was away a moment ago.</summary>
    public bool MayFail { get; init; }

    /// <summary>A mistake of the client that the run must find.</summary>
    public PlantedFault Planted { get; init; }

    /// <summary>Whom it is a client of.</summary>
    public SimulatedSilo? Silo { get; set; }

    /// <summary>
    /// The silo has given up the session, which the client may not know yet: what it holds will be lost.
    /// </summary>
    public bool IsDoomed => Silo is null || Session.Equals(default) || !Silo.Serves(Session);

    /// <summary>Since its start it has lost a session.</summary>
    public bool HasLostSession => !Session.Equals(_first);

    /// <summary>Opens a session; within the process.</summary>
    public async Task StartAsync(SimulatedProcess process, IGrainFactory grains, IBlockClient blocks)
    {
        Process = process;
        Start++;
        var loggers = new TraceLoggers(process, world.Trace);
        _files = await FileSystemClient.StartAsync(
            new ClientDependencies(
                PlantedGrains.For(grains, Planted), blocks, process.Time, new SeededIdSource(SeedOfStart()), process,
                loggers.CreateLogger("client"))
            {
                WhenStoreFails = isEmbedded && Silo is { } silo ? act => silo.Metadata.Failing += act : null,
            },
            new ClientOptions { ClientName = name, IsEmbedded = isEmbedded }, CancellationToken.None);
        _first = Session;
    }

    /// <summary>Flushes and closes.</summary>
    public async Task StopAsync()
    {
        if (_files is not null) await _files.DisposeAsync();
    }

    // Session ids never come twice. Not the framework's hash, which is another in each process.
    private int SeedOfStart()
    {
        var hash = world.Seed;
        foreach (var letter in name) hash = unchecked((hash * 31) + letter);
        return unchecked((hash * 31) + Start);
    }
}
