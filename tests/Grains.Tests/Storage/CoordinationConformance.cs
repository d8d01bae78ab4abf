using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>What every form of the epochs has to do.</summary>
public abstract class CoordinationConformance
{
    private static readonly ShardId Five = new(5);
    private static readonly ShardId Six = new(6);
    private static readonly ShardId Last = new(ShardId.Count - 1);

    [Fact]
    public async Task Raising_all_raises_every_shard_above_what_any_had()
    {
        var epochs = await OpenAsync();
        await epochs.RaiseAllAsync();
        await epochs.RaiseAsync(Five);
        await epochs.RaiseAsync(Five);
        var highest = epochs.EpochOf(Five);
        await epochs.RaiseAllAsync();
        foreach (var shard in new[] { new ShardId(0), Five, Six, Last }) Assert.True(epochs.EpochOf(shard) > highest);
    }

    [Fact]
    public async Task Raising_one_raises_that_one_and_answers_with_its_epoch()
    {
        var epochs = await OpenAsync();
        await epochs.RaiseAllAsync();
        var (before, other) = (epochs.EpochOf(Five), epochs.EpochOf(Six));
        var raised = await epochs.RaiseAsync(Five);
        Assert.True(raised > before);
        Assert.Equal(raised, epochs.EpochOf(Five));
        Assert.Equal(other, epochs.EpochOf(Six));
    }

    [Fact]
    public async Task What_was_raised_is_never_given_again_after_a_restart()
    {
        var epochs = await OpenAsync();
        await epochs.RaiseAllAsync();
        for (var i = 0; i < 3; i++) await epochs.RaiseAsync(Five);
        var (five, last) = (epochs.EpochOf(Five), epochs.EpochOf(Last));
        var again = Restart(epochs);
        await again.RaiseAllAsync();
        Assert.True(again.EpochOf(Five) > five);
        Assert.True(again.EpochOf(Last) > last);
        Assert.True(await again.RaiseAsync(Last) > five);
    }

    [Fact]
    public async Task Raises_at_the_same_time_are_all_counted()
    {
        var epochs = await OpenAsync();
        await epochs.RaiseAllAsync();
        var before = epochs.EpochOf(Five).Value;
        var raised = new Epoch[40];
        await Parallel.ForAsync(
            0, raised.Length, async (i, cancelled) => raised[i] = await epochs.RaiseAsync(Five, cancelled));
        Assert.Equal(raised.Length, raised.Distinct().Count());
        Assert.Equal(before + (ulong)raised.Length, epochs.EpochOf(Five).Value);
    }

    /// <summary>New epochs.</summary>
    protected abstract ValueTask<ICoordination> OpenAsync();

    /// <summary>What a silo that starts after <paramref name="epochs"/>' silo ended finds.</summary>
    protected abstract ICoordination Restart(ICoordination epochs);
}

public sealed class MemoryCoordinationTests : CoordinationConformance
{
    protected override ValueTask<ICoordination> OpenAsync() => new(new MemoryCoordination());

    protected override ICoordination Restart(ICoordination epochs) => epochs;
}

public sealed class SqliteCoordinationTests : CoordinationConformance, IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("claudefs-epochs-");
    private SqliteCoordination? _open;

    private string File => Path.Combine(_directory.FullName, "meta.db");

    public void Dispose()
    {
        _open?.Dispose();
        _directory.Delete(recursive: true);
    }

    protected override async ValueTask<ICoordination> OpenAsync()
    {
        await SqliteRowTable.Open(File).DisposeAsync();   // makes the tables
        return _open = SqliteCoordination.Open(File);
    }

    protected override ICoordination Restart(ICoordination epochs)
    {
        _open!.Dispose();
        return _open = SqliteCoordination.Open(File);
    }
}
