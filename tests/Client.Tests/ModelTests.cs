using ClaudeFs.Client.Tests.Fakes;

namespace ClaudeFs.Client.Tests;

/// <summary>Two clients change one file at random; a byte array says what each must read. The seed is in every
/// message.</summary>
public sealed class ModelTests : IAsyncDisposable
{
    private readonly ClientFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public async Task Two_clients_read_what_either_wrote_last(int seed)
    {
        _fixture.Blocks.IsAsync = seed % 2 == 0;
        var options = new ClientOptions
        {
            IsEmbedded = true, StreamFlushBytes = 128 * 1024, ChunkCacheBytes = 1 << 20, WriteBufferBytes = 4 << 20,
        };
        FileSystemClient[] clients = [await _fixture.StartAsync(options), await _fixture.StartAsync(options)];
        var first = await clients[0].CreateAsync("model");
        var second = await clients[1].OpenAsync("model");
        var model = new FileModel(seed);
        for (var step = 0; step < 250; step++)
        {
            var isFirst = model.Random.Next(3) != 0;
            await model.StepAsync(clients[isFirst ? 0 : 1], isFirst ? first : second, step);
        }

        await model.CheckAllAsync(clients[0], first, "at the end");
        await model.CheckAllAsync(clients[1], second, "at the end");
        await clients[0].CloseAsync(first);
        await clients[1].CloseAsync(second);
        var fresh = await _fixture.StartAsync();
        await model.CheckAllAsync(fresh, await fresh.OpenAsync("model"), "afresh");
    }
}
