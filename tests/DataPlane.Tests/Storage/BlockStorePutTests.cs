using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;
using static ClaudeFs.DataPlane.Tests.Storage.StoreHarness;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>A put that goes on in another segment: three chunks fit one here.</summary>
public sealed class BlockStorePutTests : IAsyncDisposable
{
    private const int Count = 8;

    private readonly SimulatedBlockDevice _device = new(1);
    private readonly byte[][] _contents = [.. Enumerable.Range(1, Count).Select(seed => Bytes(seed, 65536))];

    public ValueTask DisposeAsync() => _device.DisposeAsync();

    [Fact]
    public async Task Its_writes_are_on_their_way_side_by_side()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        var harness = await OpenAsync(_device);
        _device.IsSlow = true;
        var put = harness.PutAsync([.. _contents.Select(Chunk)]);
        Assert.False(put.IsCompleted);
        // Three writes of data, and one of the table's block at a time.
        Assert.Equal(4, _device.PendingCount);
        while (_device.CompleteOne())
        {
        }

        var locations = (await put).Value;
        Assert.Equal(3, locations.Select(location => location.Segment).Distinct().Count());
        _device.IsSlow = false;
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(FsError.None, await harness.ReadErrorAsync(locations[i], _contents[i]));
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(2)]
    public async Task One_that_fails_fails_the_put_and_all_space_comes_back(int failing)
    {
        var harness = await OpenAsync(_device);
        var writes = 0;
        _device.Fault = (in SimulatedOperation operation) =>
            operation.Kind == SimulatedOperationKind.Write && operation.Length > 4096 && writes++ == failing
                ? FsError.EIO : FsError.None;
        Assert.Equal(FsError.EIO, (await harness.PutAsync([.. _contents.Select(Chunk)])).Error);
        Assert.Equal(3, writes);
        await harness.PassEpochsAsync();
        Assert.Equal((0L, 0L), (harness.Store.Statistics.Space.UsedBytes, harness.Store.Statistics.IdleBytes));
        Assert.Equal(FsError.None, (await harness.PutAsync(Chunk(_contents[0]))).Error);
    }
}
