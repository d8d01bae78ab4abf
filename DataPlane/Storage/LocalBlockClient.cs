using ClaudeFs.DataPlane.Storage.Space;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>A block store in the same process, with a reservation of its own that disposing gives back.</summary>
public sealed class LocalBlockClient : IBlockClient, IDisposable
{
    private readonly BlockStore _store;
    private readonly SpaceReservation _reservation = new();

    internal LocalBlockClient(BlockStore store) => _store = store;

    /// <inheritdoc />
    public ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken) =>
        _store.PutAsync(items, locations, _reservation, cancellationToken);

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken) =>
        _store.ReadAsync(location, checksum, destination, cancellationToken);

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> ReserveAsync(long bytes, CancellationToken cancellationToken) =>
        _store.ReserveAsync(bytes, _reservation, cancellationToken);

    /// <inheritdoc />
    public ValueTask<FsResult<StoreSpace>> GetSpaceAsync(CancellationToken cancellationToken) =>
        new(_store.Statistics.Space);

    /// <summary>Gives back what is still reserved.</summary>
    public void Dispose() => _store.Unreserve(_reservation);
}
