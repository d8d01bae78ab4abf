using System.Buffers;
using System.Collections.Concurrent;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc.Blocks;

/// <summary>
/// Serves the block opcodes from an <see cref="IBlockClient"/>. Malformed requests are answered EINVAL; nothing a peer
/// says is believed before it was compared with what it sent.
/// </summary>
public sealed class BlockServer
{
    private readonly Func<PeerIdentity, IBlockClient> _open;
    private readonly ConcurrentDictionary<RpcConnection, IBlockClient> _clients = new();

    /// <summary>
    /// A client of the store for each connection, made at its first call: a store that accounts space to a client can
    /// take the reservations of a lost peer back. It is disposed, when it is disposable, when the connection ends.
    /// </summary>
    public BlockServer(Func<PeerIdentity, IBlockClient> open) => _open = open;

    /// <summary>One client of the store for all connections; it stays the caller's.</summary>
    public BlockServer(IBlockClient shared) : this(_ => new SharedBlockClient(shared))
    {
    }

    /// <summary>Binds the block opcodes.</summary>
    public void AddTo(RpcRouter router) => router
        .Map(Opcode.BlockPut, PutAsync)
        .Map(Opcode.BlockRead, ReadAsync)
        .Map(Opcode.BlockReserve, ReserveAsync)
        .Map(Opcode.BlockSpace, SpaceAsync);

    private async ValueTask<RpcResponse> PutAsync(RpcRequest request)
    {
        if (!BlockPutMessage.TryReadCount(request.Payload.Span, out var count)) return RpcResponse.Fail(FsError.EINVAL);
        var items = ArrayPool<BlockWrite>.Shared.Rent(count);
        var locations = ArrayPool<ChunkLocation>.Shared.Rent(count);
        try
        {
            if (!BlockPutMessage.TryReadItems(request.Payload, items.AsSpan(0, count)))
            {
                return RpcResponse.Fail(FsError.EINVAL);
            }

            var put = await Find(request.Connection).PutAsync(
                items.AsMemory(0, count), locations.AsMemory(0, count), request.CancellationToken);
            if (put.IsError) return RpcResponse.Fail(put.Error);
            var reply = PayloadPool.Shared.Rent(BlockPutMessage.ReplyBytes(count));
            BlockPutMessage.WriteReply(put.Value, locations.AsSpan(0, count), reply.Span);
            return RpcResponse.Of(reply);
        }
        finally
        {
            // Cleared: the items refer to a payload that goes back to its pool.
            ArrayPool<BlockWrite>.Shared.Return(items, clearArray: true);
            ArrayPool<ChunkLocation>.Shared.Return(locations);
        }
    }

    private async ValueTask<RpcResponse> ReadAsync(RpcRequest request)
    {
        if (!BlockReadMessage.TryRead(request.Payload.Span, out var message)) return RpcResponse.Fail(FsError.EINVAL);
        var bytes = PayloadPool.Shared.Rent(message.Length);
        FsResult<Nothing> read = FsError.EIO;
        try
        {
            read = await Find(request.Connection).ReadAsync(
                message.Location, message.Checksum, bytes.Memory, request.CancellationToken);
        }
        finally
        {
            if (read.IsError) bytes.Dispose();
        }

        return read.IsError ? RpcResponse.Fail(read.Error) : RpcResponse.Of(bytes);
    }

    private async ValueTask<RpcResponse> ReserveAsync(RpcRequest request)
    {
        var isSound = BlockSpaceMessage.TryReadReserve(request.Payload.Span, out var bytes);
        if (!isSound) return RpcResponse.Fail(FsError.EINVAL);
        var reserved = await Find(request.Connection).ReserveAsync(bytes, request.CancellationToken);
        return reserved.IsError ? RpcResponse.Fail(reserved.Error) : RpcResponse.Empty;
    }

    private async ValueTask<RpcResponse> SpaceAsync(RpcRequest request)
    {
        if (request.Payload.Length != 0) return RpcResponse.Fail(FsError.EINVAL);
        var space = await Find(request.Connection).GetSpaceAsync(request.CancellationToken);
        if (space.IsError) return RpcResponse.Fail(space.Error);
        var reply = PayloadPool.Shared.Rent(BlockSpaceMessage.SpaceBytes);
        BlockSpaceMessage.WriteSpace(space.Value, reply.Span);
        return RpcResponse.Of(reply);
    }

    private IBlockClient Find(RpcConnection connection)
    {
        if (_clients.TryGetValue(connection, out var client)) return client;
        client = _open(connection.Peer);
        if (_clients.TryAdd(connection, client))
        {
            connection.WhenEnded(Forget);
            return client;
        }

        _ = DisposeAsync(client);
        return _clients.TryGetValue(connection, out var other) ? other : client;
    }

    private void Forget(RpcConnection connection)
    {
        if (_clients.TryRemove(connection, out var client)) _ = DisposeAsync(client);
    }

    private static async Task DisposeAsync(IBlockClient client)
    {
        if (client is IAsyncDisposable asynchronous) await asynchronous.DisposeAsync();
        else if (client is IDisposable disposable) disposable.Dispose();
    }
}
