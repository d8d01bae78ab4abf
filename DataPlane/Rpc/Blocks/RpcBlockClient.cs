using System.Buffers;
using System.Buffers.Binary;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc.Blocks;

/// <summary>
/// A block store behind a connection. Beside the store's own errors: ETIMEDOUT, EHOSTUNREACH (whether the work was done
/// is unknown), EAGAIN (overloaded), EPROTO (the answer was malformed). The wire's checksum guards each frame, the
/// item's own checksum is compared again on reads. Thread-safe.
/// </summary>
public sealed class RpcBlockClient(IRpcCaller caller) : IBlockClient
{
    // Room for trace context is left in each frame.
    private const int PutBytesMax = Limits.FramePayloadBytesMax - TraceContext.SizeBytes;

    /// <summary>
    /// A batch longer than a frame goes in several; when one fails, what the earlier ones stored is garbage.
    /// </summary>
    public async ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken)
    {
        if (locations.Length < items.Length) return FsError.EINVAL;
        PutReply? oldest = null;
        do
        {
            var count = CountThatFits(items.Span);
            if (count == 0 && items.Length > 0) return FsError.EINVAL;
            var put = await PutFrameAsync(items[..count], locations[..count], cancellationToken);
            if (put.IsError) return put.Error;
            // The oldest epoch pins them all.
            if (oldest is null || put.Value.GarbageEpoch < oldest.Value.GarbageEpoch) oldest = put.Value;
            items = items[count..];
            locations = locations[count..];
        }
        while (items.Length > 0);
        return oldest.Value;
    }

    public async ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken)
    {
        if (destination.Length is 0 or > Limits.SegmentBytes || location.IsNone) return FsError.EINVAL;
        using var request = PayloadPool.Shared.Rent(BlockReadMessage.SizeBytes);
        new BlockReadMessage(location, checksum, destination.Length).Write(request.Span);
        using var reply = await caller.CallAsync(new RpcCall(Opcode.BlockRead, request.Memory), cancellationToken);
        if (reply.Error is not null) return reply.Error.Errno;
        if (reply.Payload.Length != destination.Length) return FsError.EPROTO;
        reply.Payload.CopyTo(destination);
        return Crc32c.Compute(destination.Span) == checksum ? Nothing.Value : FsError.EIO;
    }

    public async ValueTask<FsResult<Nothing>> ReserveAsync(long bytes, CancellationToken cancellationToken)
    {
        using var request = PayloadPool.Shared.Rent(BlockSpaceMessage.ReserveBytes);
        BinaryPrimitives.WriteInt64LittleEndian(request.Span, bytes);
        using var reply = await caller.CallAsync(new RpcCall(Opcode.BlockReserve, request.Memory), cancellationToken);
        return reply.Error is null ? Nothing.Value : reply.Error.Errno;
    }

    public async ValueTask<FsResult<StoreSpace>> GetSpaceAsync(CancellationToken cancellationToken)
    {
        using var reply = await caller.CallAsync(new RpcCall(Opcode.BlockSpace), cancellationToken);
        if (reply.Error is not null) return reply.Error.Errno;
        return BlockSpaceMessage.TryReadSpace(reply.Payload.Span, out var space) ? space : FsError.EPROTO;
    }

    private static int CountThatFits(ReadOnlySpan<BlockWrite> items)
    {
        long bytes = BlockPutMessage.HeadBytes;
        for (var i = 0; i < items.Length; i++)
        {
            bytes += BlockPutMessage.EntryBytes + items[i].Bytes.Length;
            if (i == Limits.BlockPutItemsMax || bytes > PutBytesMax) return i;
        }

        return items.Length;
    }

    private async ValueTask<FsResult<PutReply>> PutFrameAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken)
    {
        using var table = PayloadPool.Shared.Rent(BlockPutMessage.TableBytes(items.Length));
        BlockPutMessage.WriteTable(items.Span, table.Span);
        var parts = ArrayPool<ReadOnlyMemory<byte>>.Shared.Rent(items.Length);
        try
        {
            for (var i = 0; i < items.Length; i++) parts[i] = items.Span[i].Bytes;
            var call = new RpcCall(Opcode.BlockPut, table.Memory, parts.AsMemory(0, items.Length));
            using var reply = await caller.CallAsync(call, cancellationToken);
            if (reply.Error is not null) return reply.Error.Errno;
            return BlockPutMessage.TryReadReply(reply.Payload.Span, locations.Span, out var put) ? put : FsError.EPROTO;
        }
        finally
        {
            ArrayPool<ReadOnlyMemory<byte>>.Shared.Return(parts, clearArray: true);
        }
    }
}
