using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Loops;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Client.Tests;

/// <summary>
/// A silo that is away for much longer than callers wait, and comes back with the session: nothing that was written is
/// lost, and nothing is done twice.
/// </summary>
public sealed class AwayTests : SteppedTests
{
    private static readonly TimeSpan Away = TimeSpan.FromMinutes(5);

    [Theory, InlineData(3, false), InlineData(100_000, false), InlineData(3, true), InlineData(100_000, true)]
    public void What_was_written_waits_for_a_silo_that_is_away(int length, bool isAnswerLost) => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var (file, bytes) = (await client.CreateAsync("file"), ClientCalls.Pattern(length));
        await client.WriteAsync(file, 0, bytes);
        if (isAnswerLost) Fixture.Cluster.LosesReply = name => name == "Write" && GoAway();
        else GoAway();

        Assert.Equal(FsError.ETIMEDOUT, await SyncAsync(client, file.Inode));
        var closed = client.FlushAsync(file.Inode, file.Handle, CancellationToken.None).AsTask();
        AdvanceUntil(() => closed.IsCompleted, "close ends");
        Assert.Equal(FsError.ETIMEDOUT, (await closed).Error);
        Clock.Advance(Away);
        ComeBack();
        Assert.Equal(FsError.None, await SyncAsync(client, file.Inode));

        Assert.Equal(bytes, await client.ReadAsync(file, 0, length + 1));
        Assert.Equal((1, 0L), (Fixture.Cluster.CallsOf("Write"), client.Statistics.LostBytes));
        Assert.Equal((ulong)length, Fixture.Cluster.Inode(file.Inode).Attributes.SizeBytes);
        await client.CloseAsync(file);
    });

    [Fact]
    public void Writers_wait_for_room_within_bounds_and_go_on_when_the_store_is_back() => Run(async () =>
    {
        const int chunk = 1 << 20;
        var client = await Fixture.StartAsync(new() { WriteBufferBytes = 4 << 20, StreamFlushBytes = 1 << 20 });
        var file = await client.CreateAsync("file");
        Fixture.Blocks.OnPut = static _ => FsError.EHOSTUNREACH;
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
        Fixture.Blocks.OnPut = null;
        Assert.Equal(FsError.None, await SyncAsync(client, file.Inode));
        for (var i = 0; i < written; i++)
            Assert.Equal(ClientCalls.Pattern(chunk, i), await client.ReadAsync(file, (long)i * chunk, chunk));
        Assert.Equal(0, client.Statistics.LostBytes);
        await client.CloseAsync(file);
    });

    [Fact]
    public void A_client_that_ends_while_the_silo_is_away_says_what_is_lost() => Run(async () =>
    {
        var client = await Fixture.StartAsync(ClientFixture.Remote);
        var (one, other) = (await client.CreateAsync("one"), await client.CreateAsync("other"));
        await client.WriteAsync(one, 0, new byte[100]);
        await client.WriteAsync(other, 0, new byte[20]);
        GoAway();
        var started = Clock.GetUtcNow();
        var ended = client.DisposeAsync().AsTask();
        AdvanceUntil(() => ended.IsCompleted, "the client ends");
        await ended;
        Assert.InRange(Clock.GetUtcNow() - started, TimeSpan.FromSeconds(29), TimeSpan.FromSeconds(60));
        Assert.Equal(120, client.Statistics.LostBytes);
        Fixture.Cluster.LosesRequest = null;
    });

    private bool GoAway()
    {
        Fixture.Cluster.LosesRequest = static _ => true;
        Fixture.Blocks.OnPut = static _ => FsError.EHOSTUNREACH;
        return true;
    }

    private void ComeBack()
    {
        Fixture.Cluster.Restart();
        Fixture.Cluster.LosesReply = null;
        Fixture.Cluster.LosesRequest = null;
        Fixture.Blocks.OnPut = null;
    }

    private async Task<FsError> SyncAsync(FileSystemClient client, InodeId inode)
    {
        var synced = client.SyncAsync(inode, dataOnly: false, CancellationToken.None).AsTask();
        AdvanceUntil(() => synced.IsCompleted, "fsync ends");
        return (await synced).Error;
    }
}
