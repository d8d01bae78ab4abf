using ClaudeFs.Client.Tests.Fakes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

/// <summary>Two clients change one file at random; a byte array says what each must read. The seed is in every message.</summary>
public sealed class ModelTests : IAsyncDisposable
{
    private const int SizeMax = 3 << 20;

    private readonly ClientFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public async Task Two_clients_read_what_either_wrote_last(int seed)
    {
        _fixture.Blocks.IsAsync = seed % 2 == 0;
        var random = new Random(seed);
        var options = new ClientOptions
        {
            IsEmbedded = true, StreamFlushBytes = 128 * 1024, ChunkCacheBytes = 1 << 20, WriteBufferBytes = 4 << 20,
        };
        FileSystemClient[] clients = [await _fixture.StartAsync(options), await _fixture.StartAsync(options)];
        var first = await clients[0].CreateAsync("model");
        (InodeId Inode, ulong Handle)[] files = [first, await clients[1].OpenAsync("model")];
        var model = new byte[SizeMax];
        var size = 0;
        for (var step = 0; step < 250; step++)
        {
            var at = random.Next(3) == 0 ? 1 : 0;
            var (client, file) = (clients[at], files[at]);
            var where = $"seed {seed}, step {step}";
            var scale = random.Next(4) switch { 0 => 100, 1 => 5000, 2 => 100_000, _ => SizeMax };
            var offset = random.Next(Math.Min(SizeMax - 1, Math.Max(1, random.Next(2) == 0 ? size : scale)));
            var length = random.Next(1, Math.Min(SizeMax - offset, Math.Min(scale, 600_000)) + 1);
            switch (random.Next(12))
            {
                case 0:
                    var cut = random.Next(2) == 0 ? 0 : offset;
                    await client.TruncateAsync(file.Inode, cut);
                    if (cut < size) Array.Clear(model, cut, size - cut);
                    size = cut;
                    break;
                case 1:
                    (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
                    break;
                case 2:
                    (await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None)).Ok();
                    break;
                case 3:
                    var mode = random.Next(2) == 0 ? AllocateMode.PunchHole | AllocateMode.KeepSize : AllocateMode.ZeroRange;
                    (await client.AllocateAsync(
                        file.Inode, file.Handle, mode, offset, length, Caller.Root, CancellationToken.None)).Ok();
                    Array.Clear(model, offset, length);
                    if (mode == AllocateMode.ZeroRange) size = Math.Max(size, offset + length);
                    break;
                case 4 or 5 or 6:
                    await CheckAsync(client, file, model, size, offset, length, where);
                    break;
                default:
                    var bytes = new byte[length];
                    random.NextBytes(bytes);
                    await client.WriteAsync(file, offset, bytes);
                    bytes.CopyTo(model, offset);
                    size = Math.Max(size, offset + length);
                    break;
            }

            Assert.True((ulong)size == (await client.StatAsync(file.Inode)).SizeBytes, where);
        }

        for (var at = 0; at < 2; at++) await CheckAsync(clients[at], files[at], model, size, 0, SizeMax, $"seed {seed}, at the end");
        await clients[0].CloseAsync(files[0]);
        await clients[1].CloseAsync(files[1]);
        var fresh = await _fixture.StartAsync();
        await CheckAsync(fresh, await fresh.OpenAsync("model"), model, size, 0, SizeMax, $"seed {seed}, afresh");
    }

    private static async Task CheckAsync(
        FileSystemClient client, (InodeId Inode, ulong Handle) file, byte[] model, int size, int offset, int length, string where)
    {
        var read = await client.ReadAsync(file, offset, length);
        var expected = offset >= size ? [] : model[offset..Math.Min(size, offset + length)];
        Assert.True(expected.Length == read.Length, $"{where}: {read.Length} bytes at {offset} of {size}, not {expected.Length}");
        var different = expected.AsSpan().CommonPrefixLength(read);
        Assert.True(different == read.Length, $"{where}: byte {offset + different} of {size} differs");
    }
}
