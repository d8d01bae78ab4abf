using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>What a file's bytes must be, and random changes of it from one seed, which is in every message.</summary>
internal sealed class FileModel(int seed)
{
    private const int SizeMax = 3 << 20;

    private readonly byte[] _bytes = new byte[SizeMax];
    private int _size;

    public Random Random { get; } = new(seed);

    /// <summary>One change or read of the file through a client.</summary>
    public async Task StepAsync(FileSystemClient client, (InodeId Inode, ulong Handle) file, int step)
    {
        var where = $"seed {seed}, step {step}";
        var scale = Random.Next(4) switch { 0 => 100, 1 => 5000, 2 => 100_000, _ => SizeMax };
        var offset = Random.Next(Math.Min(SizeMax - 1, Math.Max(1, Random.Next(2) == 0 ? _size : scale)));
        var length = Random.Next(1, Math.Min(SizeMax - offset, Math.Min(scale, 600_000)) + 1);
        switch (Random.Next(12))
        {
            case 0:
                await TruncateAsync(client, file.Inode, Random.Next(2) == 0 ? 0 : offset);
                break;
            case 1:
                (await client.SyncAsync(file.Inode, dataOnly: false, CancellationToken.None)).Ok();
                break;
            case 2:
                (await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None)).Ok();
                break;
            case 3:
                await ZeroAsync(client, file, offset, length);
                break;
            case 4 or 5 or 6:
                await CheckAsync(client, file, offset, length, where);
                break;
            default:
                await WriteAsync(client, file, offset, length);
                break;
        }

        Assert.True((ulong)_size == (await client.StatAsync(file.Inode)).SizeBytes, where);
    }

    /// <summary>Reads the whole file.</summary>
    public Task CheckAllAsync(FileSystemClient client, (InodeId Inode, ulong Handle) file, string when) =>
        CheckAsync(client, file, 0, SizeMax, $"seed {seed}, {when}");

    private async Task TruncateAsync(FileSystemClient client, InodeId inode, int size)
    {
        await client.TruncateAsync(inode, size);
        if (size < _size) Array.Clear(_bytes, size, _size - size);
        _size = size;
    }

    private async Task ZeroAsync(FileSystemClient client, (InodeId Inode, ulong Handle) file, int offset, int length)
    {
        var keepsSize = Random.Next(2) == 0;
        var mode = keepsSize ? AllocateMode.PunchHole | AllocateMode.KeepSize : AllocateMode.ZeroRange;
        (await client.AllocateAsync(
            file.Inode, file.Handle, mode, offset, length, Caller.Root, CancellationToken.None)).Ok();
        Array.Clear(_bytes, offset, length);
        if (!keepsSize) _size = Math.Max(_size, offset + length);
    }

    private async Task WriteAsync(FileSystemClient client, (InodeId Inode, ulong Handle) file, int offset, int length)
    {
        var bytes = new byte[length];
        Random.NextBytes(bytes);
        await client.WriteAsync(file, offset, bytes);
        bytes.CopyTo(_bytes, offset);
        _size = Math.Max(_size, offset + length);
    }

    private async Task CheckAsync(
        FileSystemClient client, (InodeId Inode, ulong Handle) file, int offset, int length, string where)
    {
        var read = await client.ReadAsync(file, offset, length);
        var expected = offset >= _size ? [] : _bytes[offset..Math.Min(_size, offset + length)];
        var count = $"{where}: {read.Length} bytes, not {expected.Length}, at {offset}";
        Assert.True(expected.Length == read.Length, count);
        var same = expected.AsSpan().CommonPrefixLength(read);
        Assert.True(same == read.Length, $"{where}: byte {offset + same} of {_size} differs");
    }
}
