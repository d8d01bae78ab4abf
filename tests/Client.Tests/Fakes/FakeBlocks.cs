using System.Collections.Concurrent;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>A block store in memory: checks what writers promise, and fails when it is told to.</summary>
internal sealed class FakeBlocks(long capacityBytes = 1L << 40) : IBlockClient
{
    private readonly ConcurrentDictionary<ChunkLocation, byte[]> _stored = new();
    private readonly ConcurrentDictionary<Fingerprint, ChunkLocation> _named = new();
    private long _last;
    private long _used;
    private long _reserved;
    private int _reads;
    private int _puts;

    /// <summary>Completions leave the caller's stack.</summary>
    public bool IsAsync { get; set; }

    public Func<ReadOnlyMemory<BlockWrite>, FsError>? OnPut { get; set; }

    public Func<ChunkLocation, FsError>? OnRead { get; set; }

    public ulong GarbageEpoch { get; set; } = 1;

    public int Reads => _reads;

    public int Puts => _puts;

    public long ReservedBytes => Interlocked.Read(ref _reserved);

    public long UsedBytes => Interlocked.Read(ref _used);

    public IEnumerable<int> StoredLengths => _stored.Values.Select(static bytes => bytes.Length);

    public async ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken)
    {
        if (IsAsync) await Task.Yield();
        Interlocked.Increment(ref _puts);
        if (OnPut?.Invoke(items) is { } error && error != FsError.None) return error;
        for (var i = 0; i < items.Length; i++)
        {
            var item = items.Span[i];
            if (Crc32c.Compute(item.Bytes.Span) != item.Checksum) return FsError.EBADMSG;
            if (item.Fingerprint.IsZero && item.Bytes.Length > Limits.LocatedBytes) return FsError.EINVAL;
            if (item.Bytes.Length is 0 or > Limits.ChunkBytes) return FsError.EINVAL;
            locations.Span[i] = Store(item);
        }

        return new PutReply(GarbageEpoch);
    }

    public async ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (IsAsync) await Task.Yield();
        Interlocked.Increment(ref _reads);
        if (OnRead?.Invoke(location) is { } error && error != FsError.None) return error;
        if (!_stored.TryGetValue(location, out var bytes)) return FsError.ESTALE;
        if (bytes.Length != destination.Length || Crc32c.Compute(bytes) != checksum) return FsError.EIO;
        bytes.CopyTo(destination);
        return Nothing.Value;
    }

    public ValueTask<FsResult<Nothing>> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        if (bytes > 0 && UsedBytes + ReservedBytes + bytes > capacityBytes) return new(FsError.ENOSPC);
        Interlocked.Add(ref _reserved, bytes);
        return new(Nothing.Value);
    }

    public ValueTask<FsResult<StoreSpace>> GetSpaceAsync(CancellationToken cancellationToken) =>
        new(new StoreSpace(capacityBytes, UsedBytes, ReservedBytes));

    /// <summary>Turns a bit in everything that is stored.</summary>
    public void Damage()
    {
        foreach (var bytes in _stored.Values) bytes[0] ^= 1;
    }

    private ChunkLocation Store(in BlockWrite item)
    {
        if (!item.Fingerprint.IsZero && _named.TryGetValue(item.Fingerprint, out var known)) return known;
        var location = new ChunkLocation(new SegmentId((ulong)Interlocked.Increment(ref _last)), 0);
        _stored[location] = item.Bytes.ToArray();
        var space = (item.Bytes.Length + Limits.DeviceBlockBytes - 1) & ~(Limits.DeviceBlockBytes - 1);
        Interlocked.Add(ref _used, space);
        Interlocked.Add(ref _reserved, -Math.Min(ReservedBytes, space));
        if (!item.Fingerprint.IsZero) _named[item.Fingerprint] = location;
        return location;
    }
}
