using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Tests.Rpc;

/// <summary>A block store in a dictionary.</summary>
public sealed class MemoryBlockClient : IBlockClient, IDisposable
{
    private readonly Dictionary<ChunkLocation, BlockWrite> _items = [];
    private uint _nextSlot;

    public ulong Epoch { get; private set; } = 1;

    public ulong EpochStep { get; set; }

    public FsError Refusal { get; set; }

    public int Puts { get; private set; }

    public long Reserved { get; private set; }

    public bool IsDisposed { get; private set; }

    public StoreSpace Space { get; } = new(1000, 200, 30);

    public BlockWrite Find(ChunkLocation location) => _items[location];

    public void Corrupt(ChunkLocation location)
    {
        var item = _items[location];
        var bytes = item.Bytes.ToArray();
        bytes[0] ^= 1;
        _items[location] = item with { Bytes = bytes };
    }

    public ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken)
    {
        if (Refusal != FsError.None) return new(Refusal);
        Puts++;
        for (var i = 0; i < items.Length; i++)
        {
            var item = items.Span[i];
            locations.Span[i] = new ChunkLocation(new SegmentId(1), ++_nextSlot);
            _items[locations.Span[i]] = item with { Bytes = item.Bytes.ToArray() };
        }

        var reply = new PutReply(Epoch);
        Epoch += EpochStep;
        return new(reply);
    }

    // Serves damaged bytes as they are: it is the far side that must notice.
    public ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (!_items.TryGetValue(location, out var item)) return new(FsError.ESTALE);
        item.Bytes.CopyTo(destination);
        return new(Nothing.Value);
    }

    public ValueTask<FsResult<Nothing>> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        if (Refusal != FsError.None) return new(Refusal);
        Reserved += bytes;
        return new(Nothing.Value);
    }

    public ValueTask<FsResult<StoreSpace>> GetSpaceAsync(CancellationToken cancellationToken) =>
        new(Refusal != FsError.None ? Refusal : Space);

    public void Dispose() => IsDisposed = true;
}
