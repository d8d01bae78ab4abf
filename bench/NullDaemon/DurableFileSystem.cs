using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.NullDaemon;

/// <summary>
/// As <see cref="MemoryFileSystem"/>, but an fsync writes one block into a preallocated file and flushes it, on the
/// thread that read the request: the least that a daemon can do which keeps its word.
/// </summary>
internal sealed class DurableFileSystem(TimeProvider time, TimeSpan ttl, FileBlockDevice device)
    : MemoryFileSystem(time, ttl, ttl)
{
    private const long DeviceBytes = 64 << 20;
    private readonly ReadOnlyMemory<byte> _block = AlignedMemoryPool.Shared.Rent(device.BlockBytes).Memory;
    private long _next;

    /// <summary>A file system that keeps its word by <paramref name="path"/>, which is made.</summary>
    internal static async Task<DurableFileSystem> OpenAsync(TimeProvider time, TimeSpan ttl, string path)
    {
        var device = FileBlockDevice.Open(path, new() { Create = true });
        await device.GrowAsync(DeviceBytes);
        return new(time, ttl, device.Inline);
    }

    /// <inheritdoc />
    public override async ValueTask<FsResult<Nothing>> SyncAsync(
        InodeId inode, bool dataOnly, CancellationToken cancellationToken)
    {
        var offset = Interlocked.Add(ref _next, device.BlockBytes) % DeviceBytes;
        await device.WriteAsync(offset, _block[..device.BlockBytes], CancellationToken.None);
        await device.FlushAsync(CancellationToken.None);
        return Nothing.Value;
    }
}
