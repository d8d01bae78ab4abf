using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Rpc.Blocks;

// Hides that the shared client may be disposable: a connection's end must not end it.
internal sealed class SharedBlockClient(IBlockClient shared) : IBlockClient
{
    public ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken) =>
        shared.PutAsync(items, locations, cancellationToken);

    public ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken) =>
        shared.ReadAsync(location, checksum, destination, cancellationToken);

    public ValueTask<FsResult<Nothing>> ReserveAsync(long bytes, CancellationToken cancellationToken) =>
        shared.ReserveAsync(bytes, cancellationToken);

    public ValueTask<FsResult<StoreSpace>> GetSpaceAsync(CancellationToken cancellationToken) =>
        shared.GetSpaceAsync(cancellationToken);
}
