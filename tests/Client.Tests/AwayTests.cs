using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Loops;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Client.Tests;

/// <summary>
/// A silo that is away for much longer than callers wait, and comes back with the session: nothing that was written is
/// lost, and nothing is done twice.
/// </summary>
public sealed class AwayTests : IAsyncDisposable
{
    private const int StepsMax = 100_000;
    private static readonly TimeSpan Away = TimeSpan.FromMinutes(5);

    private readonly FakeTimeProvider _clock = new();
    private readonly LoopScheduler _loops = new(1);
    private readonly ClientFixture _fixture;

    public AwayTests() => _fixture = new ClientFixture(_clock, loops: _loops);

    [Theory, InlineData(3, false), InlineData(100_000, false), InlineData(3, true), InlineData(100_000, true)]
    public void What_was_written_waits_for_a_silo_that_is_away(int length, bool isAnswerLost) => Run(async () =>
    {
        var client = await _fixture.StartAsync(ClientFixture.Remote);
        var (file, bytes) = (await client.CreateAsync("file"), ClientCalls.Pattern(length));
        await client.WriteAsync(file, 0, bytes);
        if (isAnswerLost) _fixture.Cluster.LosesReply = name => name == "Write" && GoAway();
        else GoAway();

        Assert.Equal(FsError.ETIMEDOUT, await SyncAsync(client, file.Inode));
        var closed = client.FlushAsync(file.Inode, file.Handle, CancellationToken.None).AsTask();
        AdvanceUntil(() => closed.IsCompleted, "close ends");
        Assert.Equal(FsError.ETIMEDOUT, (await closed).Error);
        _clock.Advance(Away);
        ComeBack();
        Assert.Equal(FsError.None, await SyncAsync(client, file.Inode));

        Assert.Equal(bytes, await client.ReadAsync(file, 0, length + 1));
        Assert.Equal((1, 0L), (_fixture.Cluster.CallsOf("Write"), client.Statistics.LostBytes));
        Assert.Equal((ulong)length, _fixture.Cluster.Inode(file.Inode).Attributes.SizeBytes);
        await client.CloseAsync(file);
    });

    [Fact]
    public void Writers_wait_for_room_within_bounds_and_go_on_when_the_store_is_back() => Run(async () =>
    {
        const int chunk = 1 << 20;
        var client = await _fixture.StartAsync(new() { WriteBufferBytes = 4 << 20, StreamFlushBytes = 1 << 20 });
        var file = await client.CreateAsync("file");
        _fixture.Blocks.OnPut = static _ => FsError.EHOSTUNREACH;
        const int writesMax = 20;
        var written = 0;
        while (true)
        {
            Assert.True(written < writesMax, "the buffer has no end");
            var write = client.WriteAsync(file.Inode, file.Handle, (long)written * chunk,
                ClientCalls.Pattern(chunk, written), false, Caller.Root, CancellationToken.None).AsTask();
            AdvanceUntil(() => write.IsCompleted, "a write ends");
            if ((await write).Error == FsError.ETIMEDOUT) break;
            Assert.Equal(chunk, (await write).Ok());
            written++;
        }

        Assert.InRange(written, 3, 6);
        _fixture.Blocks.OnPut = null;
        Assert.Equal(FsError.None, await SyncAsync(client, file.Inode));
        for (var i = 0; i < written; i++)
            Assert.Equal(ClientCalls.Pattern(chunk, i), await client.ReadAsync(file, (long)i * chunk, chunk));
        Assert.Equal(0, client.Statistics.LostBytes);
        await client.CloseAsync(file);
    });

    [Fact]
    public void A_client_that_ends_while_the_silo_is_away_says_what_is_lost() => Run(async () =>
    {
        var client = await _fixture.StartAsync(ClientFixture.Remote);
        var (one, other) = (await client.CreateAsync("one"), await client.CreateAsync("other"));
        await client.WriteAsync(one, 0, new byte[100]);
        await client.WriteAsync(other, 0, new byte[20]);
        GoAway();
        var started = _clock.GetUtcNow();
        var ended = client.DisposeAsync().AsTask();
        AdvanceUntil(() => ended.IsCompleted, "the client ends");
        await ended;
        Assert.InRange(_clock.GetUtcNow() - started, TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(60));
        Assert.Equal(120, client.Statistics.LostBytes);
        _fixture.Cluster.LosesRequest = null;
    });

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    private bool GoAway()
    {
        _fixture.Cluster.LosesRequest = static _ => true;
        _fixture.Blocks.OnPut = static _ => FsError.EHOSTUNREACH;
        return true;
    }

    private void ComeBack()
    {
        _fixture.Cluster.Restart();
        _fixture.Cluster.LosesReply = null;
        _fixture.Cluster.LosesRequest = null;
        _fixture.Blocks.OnPut = null;
    }

    private async Task<FsError> SyncAsync(FileSystemClient client, InodeId inode)
    {
        var synced = client.SyncAsync(inode, dataOnly: false, CancellationToken.None).AsTask();
        AdvanceUntil(() => synced.IsCompleted, "fsync ends");
        return (await synced).Error;
    }

    private void Run(Func<Task> test)
    {
        // xunit's context would take continuations to other threads.
        SynchronizationContext.SetSynchronizationContext(null);
        var running = test();
        AdvanceUntil(() => running.IsCompleted, "the test's end");
        _loops.Run(running);
        var ended = _fixture.DisposeAsync().AsTask();
        AdvanceUntil(() => ended.IsCompleted, "the clients' end");
        _loops.Run(ended);
    }

    private void AdvanceUntil(Func<bool> condition, string awaited)
    {
        for (var step = 0; step < StepsMax; step++)
        {
            _loops.RunAll();
            if (condition()) return;
            _clock.Advance(TimeSpan.FromMilliseconds(100));
        }

        Assert.Fail($"Not within {StepsMax} steps: {awaited}");
    }
}
