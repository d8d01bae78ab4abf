using System.Collections.Concurrent;
using ClaudeFs.Grains;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>A cluster of fakes and clients on it. Faults of the clients' loops fail the test at disposal.</summary>
internal sealed class ClientFixture : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentBag<Exception> _faults = [];
    private readonly List<FileSystemClient> _clients = [];
    private readonly ILoopFactory _loops;
    private int _seed;

    public ClientFixture(TimeProvider? time = null, long capacityBytes = 1L << 40, ILoopFactory? loops = null)
    {
        Time = time ?? TimeProvider.System;
        Cluster = new FakeCluster(Time);
        Blocks = new FakeBlocks(capacityBytes);
        _loops = loops ?? new ThreadLoopFactory((_, fault) => _faults.Add(fault));
    }

    public TimeProvider Time { get; }

    public FakeCluster Cluster { get; }

    public FakeBlocks Blocks { get; }

    public async ValueTask<FileSystemClient> StartAsync(ClientOptions? options = null)
    {
        var dependencies = new ClientDependencies(
            Cluster.Factory, Blocks, Time, new SeededIdSource(++_seed), _loops, NullLogger.Instance);
        var client = await FileSystemClient.StartAsync(dependencies, options ?? Embedded, CancellationToken.None);
        _clients.Add(client);
        return client;
    }

    public static ClientOptions Embedded { get; } = new() { IsEmbedded = true };

    public static ClientOptions Remote { get; } = new() { RetryDelay = TimeSpan.FromMilliseconds(1) };

    /// <summary>Waits for a condition; fails with its name when it does not come.</summary>
    public static async Task UntilAsync(Func<bool> condition, string awaited)
    {
        var end = TimeProvider.System.GetUtcNow() + Patience;
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetUtcNow() < end, $"Not within {Patience}: {awaited}");
            await Task.Yield();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) await client.DisposeAsync();
        Assert.Empty(_faults);
    }
}

/// <summary>Calls of a client as tests write them.</summary>
internal static class ClientCalls
{
    private const int ReadWrite = 2;

    public static T Ok<T>(this FsResult<T> result)
    {
        Assert.Equal(FsError.None, result.Error);
        return result.Value;
    }

    public static async Task<(InodeId Inode, ulong Handle)> CreateAsync(this FileSystemClient client, string name)
    {
        var created = await client.CreateAsync(
            InodeId.Root, FsName.Of(name), 0x1A4, ReadWrite, Caller.Root, CancellationToken.None);
        return (created.Ok().Node.Attributes.Inode, created.Ok().File.Handle);
    }

    public static async Task<Node> FindAsync(this FileSystemClient client, string name) =>
        (await client.LookupAsync(InodeId.Root, FsName.Of(name), CancellationToken.None)).Ok();

    public static async Task<(InodeId Inode, ulong Handle)> OpenAsync(
        this FileSystemClient client, string name, int flags = ReadWrite)
    {
        var found = await client.FindAsync(name);
        var opened = await client.OpenAsync(found.Attributes.Inode, flags, Caller.Root, CancellationToken.None);
        return (found.Attributes.Inode, opened.Ok().Handle);
    }

    public static async Task WriteAsync(
        this FileSystemClient client, (InodeId Inode, ulong Handle) file, long offset, byte[] bytes)
    {
        var written = await client.WriteAsync(
            file.Inode, file.Handle, offset, bytes, killPrivileges: false, Caller.Root, CancellationToken.None);
        Assert.Equal(bytes.Length, written.Ok());
    }

    public static async Task<byte[]> ReadAsync(
        this FileSystemClient client, (InodeId Inode, ulong Handle) file, long offset, int length)
    {
        var buffer = new byte[length];
        Array.Fill(buffer, (byte)0xEE);
        var read = await client.ReadAsync(file.Inode, file.Handle, offset, buffer, CancellationToken.None);
        return buffer[..read.Ok()];
    }

    public static async Task CloseAsync(this FileSystemClient client, (InodeId Inode, ulong Handle) file)
    {
        (await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None)).Ok();
        (await client.ReleaseAsync(file.Inode, file.Handle, CancellationToken.None)).Ok();
    }

    public static async Task<InodeAttributes> StatAsync(this FileSystemClient client, InodeId inode) =>
        (await client.GetAttributesAsync(inode, CancellationToken.None)).Ok().Attributes;

    public static async Task TruncateAsync(this FileSystemClient client, InodeId inode, long size)
    {
        var change = new AttributesChange(AttributeMask.Size, 0, 0, 0, (ulong)size, default, default, default);
        (await client.SetAttributesAsync(inode, change, Caller.Root, CancellationToken.None)).Ok();
    }

    public static byte[] Pattern(int length, int seed = 1)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
