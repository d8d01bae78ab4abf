using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

public sealed class PatientBlockClientTests : IAsyncDisposable
{
    private const int FailuresMax = 3;

    private readonly ClientFixture _fixture = new();
    private int _failures;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory, InlineData(FsError.EHOSTUNREACH), InlineData(FsError.ETIMEDOUT), InlineData(FsError.EAGAIN)]
    public async Task Read_waits_until_the_store_answers_again(FsError error)
    {
        var writer = await _fixture.StartAsync(ClientFixture.Remote);
        var bytes = ClientCalls.Pattern(100_000);
        var file = await writer.CreateAsync("file");
        await writer.WriteAsync(file, 0, bytes);
        await writer.CloseAsync(file);
        var reader = await _fixture.StartAsync(ClientFixture.Remote);
        _fixture.Blocks.OnRead = _ => Fail(error);
        Assert.Equal(bytes, await reader.ReadAsync(await reader.OpenAsync("file"), 0, bytes.Length));
        Assert.Equal(FailuresMax, _failures);
    }

    [Fact]
    public async Task Flush_waits_until_the_store_answers_again()
    {
        var writer = await _fixture.StartAsync(ClientFixture.Remote);
        var file = await writer.CreateAsync("file");
        await writer.WriteAsync(file, 0, ClientCalls.Pattern(100_000));
        _fixture.Blocks.OnPut = _ => Fail(FsError.EHOSTUNREACH);
        await writer.CloseAsync(file);
        Assert.Equal(FailuresMax, _failures);
        Assert.Equal(0, writer.Statistics.FlushFailures);
    }

    [Fact]
    public async Task Who_flushes_waits_for_a_store_within_bounds_and_loses_nothing()
    {
        var reader = await _fixture.StartAsync(new()
        {
            RetryDelay = TimeSpan.FromMilliseconds(1), SessionWaitMax = TimeSpan.FromMilliseconds(20),
        });
        var file = await reader.CreateAsync("file");
        await reader.WriteAsync(file, 0, ClientCalls.Pattern(100_000));
        _fixture.Blocks.OnPut = _ => FsError.EHOSTUNREACH;
        var flushed = await reader.FlushAsync(file.Inode, file.Handle, CancellationToken.None);
        Assert.Equal(FsError.ETIMEDOUT, flushed.Error);
        _fixture.Blocks.OnPut = null;
        await ClientFixture.UntilAsync(() => reader.Statistics.DirtyBytes == 0, "what was written is stored");
        Assert.Equal(0, reader.Statistics.LostBytes);
        await reader.CloseAsync(file);
    }

    private FsError Fail(FsError error)
    {
        if (_failures == FailuresMax) return FsError.None;
        _failures++;
        return error;
    }
}
