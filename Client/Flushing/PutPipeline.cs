using System.Collections.Immutable;
using ClaudeFs.Client.Buffers;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Grains;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;
using ClaudeFs.Reduction.Hashing;

namespace ClaudeFs.Client.Flushing;

/// <summary>
/// Puts the chunks of one round: names and checks them batch by batch while earlier batches are on their way. Used
/// once, by
/// one flush.
/// </summary>
internal sealed class PutPipeline(IBlockClient blocks, ChunkNamer namer, ILoop? loop)
{
    private const int BatchItems = 512;

    private readonly List<Batch> _batches = [];
    private readonly Queue<Task> _inFlight = new();
    private Batch _open = new();

    /// <summary>
    /// Puts every chunk that is complete: whole ones (the last up to <paramref name="sizeBytes"/>) under their name, of
    /// others
    /// the pages that were written. On a loop when one was given.
    /// </summary>
    public async ValueTask<PutResult> RunAsync(IReadOnlyList<DirtyChunk> chunks, long sizeBytes)
    {
        if (loop is not null) await loop.SwitchTo();
        foreach (var chunk in chunks)
        {
            Add(chunk, sizeBytes);
            if (_open.Bytes < Limits.PutBatchBytes && _open.Count < BatchItems) continue;
            Send();
            if (_inFlight.Count < Limits.PutsInFlightMax) continue;
            await _inFlight.Dequeue();

            // Back to the loop: the next batch is not to be hashed on the block store's thread.
            if (loop is not null) await loop.SwitchTo();
        }

        if (_open.Count > 0) Send();
        while (_inFlight.TryDequeue(out var put)) await put;
        return Collect();
    }

    private void Add(DirtyChunk chunk, long sizeBytes)
    {
        var length = (int)Math.Min(Limits.ChunkBytes, sizeBytes - chunk.Offset);
        if (length <= 0) return;
        if (chunk.Valid.Covers(0, length))
        {
            _open.Add(chunk, 0, chunk.Bytes(0, length), namer);
            return;
        }

        const int page = Limits.LocatedBytes;
        for (var start = 0; start < length; start += page)
        {
            var end = Math.Min(length, start + page);
            if (chunk.Valid.Covers(start, end)) _open.Add(chunk, start, chunk.Bytes(start, end - start), namer: null);
        }
    }

    private void Send()
    {
        var batch = _open;
        _open = new Batch();
        _batches.Add(batch);
        _inFlight.Enqueue(batch.PutAsync(blocks));
    }

    private PutResult Collect()
    {
        var (error, oldest, stored, space) = (FsError.None, ulong.MaxValue, 0L, 0L);
        var extents = ImmutableArray.CreateBuilder<Extent>();
        var pieces = ImmutableArray.CreateBuilder<ExtentPiece>();
        var index = 0u;
        foreach (var batch in _batches)
        {
            if (batch.Error != FsError.None)
            {
                error = batch.Error;
                continue;
            }

            oldest = Math.Min(oldest, batch.GarbageEpoch);
            stored += batch.Bytes;
            space += batch.SpaceBytes;
            for (var i = 0; i < batch.Count; i++)
            {
                var (extent, piece) = batch.Piece(i);
                if (extent != index && pieces.Count > 0) extents.Add(new Extent(index, pieces.DrainToImmutable()));
                index = extent;
                pieces.Add(piece);
            }
        }

        if (pieces.Count > 0) extents.Add(new Extent(index, pieces.DrainToImmutable()));
        return new(extents.DrainToImmutable(), oldest, stored, space, error);
    }

    private sealed class Batch
    {
        private readonly List<(DirtyChunk Chunk, int Start, BlockWrite Write)> _items = [];
        private ChunkLocation[] _locations = [];

        public int Count => _items.Count;

        public long Bytes { get; private set; }

        public long SpaceBytes { get; private set; }

        public FsError Error { get; private set; }

        public ulong GarbageEpoch { get; private set; }

        public void Add(DirtyChunk chunk, int start, ReadOnlyMemory<byte> bytes, ChunkNamer? namer)
        {
            var name = namer?.Name(bytes.Span) ?? default;
            var write = new BlockWrite(bytes, Crc32c.Compute(bytes.Span), name, Codec: 0);
            _items.Add((chunk, start, write));
            Bytes += bytes.Length;
            SpaceBytes += write.SpaceBytes;
        }

        public async Task PutAsync(IBlockClient blocks)
        {
            var writes = new BlockWrite[_items.Count];
            for (var i = 0; i < writes.Length; i++) writes[i] = _items[i].Write;
            _locations = new ChunkLocation[writes.Length];
            try
            {
                var reply = await blocks.PutAsync(writes, _locations, CancellationToken.None);
                (Error, GarbageEpoch) = (reply.Error, reply.Value.GarbageEpoch);
            }
            catch (FsException fault)
            {
                Error = fault.Error;
            }
        }

        public (uint Extent, ExtentPiece Piece) Piece(int item)
        {
            var (chunk, start, write) = _items[item];
            var offset = chunk.Offset + start;
            var length = (uint)write.Bytes.Length;
            if (!write.Fingerprint.IsZero) chunk.StoredAt = _locations[item];
            var kind = write.Fingerprint.IsZero ? PieceKind.Located : PieceKind.Chunk;
            var piece = new ExtentPiece(
                (uint)(offset % Limits.ExtentBytes), length, kind, write.Codec, _locations[item], length, 0,
                write.Checksum, write.Fingerprint);
            return ((uint)(offset / Limits.ExtentBytes), piece);
        }
    }
}
