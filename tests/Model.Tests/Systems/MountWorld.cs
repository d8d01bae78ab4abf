using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Model.Tests.Systems;

/// <summary>One `cfs dev` and one `cfs mount` of the same file system.</summary>
internal sealed class MountWorld : IAsyncDisposable
{
    private readonly DevMount _first;
    private Daemon? _second;
    private int _runs;

    private MountWorld(DevMount first) => _first = first;

    public static async Task<MountWorld> StartAsync()
    {
        var world = new MountWorld(await DevMount.StartAsync("2G"));
        try
        {
            world._second = await world._first.MountAgainAsync("second");
            return world;
        }
        catch
        {
            await world.DisposeAsync();
            throw;
        }
    }

    /// <summary>The systems of one run: the two mounts and a directory of the machine.</summary>
    public Task<ITestedSystem[]> BeginAsync()
    {
        var run = $"run-{Interlocked.Increment(ref _runs)}";
        var local = Path.Combine(_first.Scratch, run);
        return Task.FromResult<ITestedSystem[]>(
        [
            new CallSystem(
                SystemKind.Mount, Path.Combine(_first.MountPoint, run), Path.Combine(_second!.MountPoint, run)),
            new CallSystem(SystemKind.Local, local, local),
        ]);
    }

    public async ValueTask DisposeAsync()
    {
        if (_second is not null) await _second.DisposeAsync();
        await _first.DisposeAsync();
    }
}
