using ClaudeFs.Client.Buffers;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>
/// Verified, decoded chunks and pages by where they are stored: what a location holds never changes, so nothing here
/// goes
/// stale. Bounded; what was not used since the hand last passed goes first. Thread-safe.
/// </summary>
/// <remarks>
/// Invariants: an entry holds one reference for the cache while it is in the table, and one for each reader; the slab
/// goes
/// back to the pool with the last. Bytes are written only by the load, before its task completes. Lock order: the lock
/// is
/// a leaf; no call leaves this class under it.
/// </remarks>
internal sealed class ChunkCache(IBlockClient blocks, SlabPool pool, long bytesMax, ClientInstruments instruments)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<ChunkLocation, CachedChunk> _entries = [];
    private readonly Queue<CachedChunk> _hand = new();
    private long _bytes;

    /// <summary>Bytes of memory held by entries.</summary>
    public long HeldBytes => Interlocked.Read(ref _bytes);

    /// <summary>Copies a part of a chunk if it is here and loaded.</summary>
    public bool TryCopy(ChunkLocation location, int skip, Span<byte> destination)
    {
        var entry = Find(location);
        if (entry is null) return false;
        try
        {
            if (!entry.IsLoaded || skip + destination.Length > entry.Length) return false;
            entry.Slab.Span.Slice(skip, destination.Length).CopyTo(destination);
            instruments.ChunkHits.Add(1);
            return true;
        }
        finally
        {
            entry.Release(pool);
        }
    }

    /// <summary>Whether the chunk is here or on its way.</summary>
    public bool Contains(ChunkLocation location)
    {
        lock (_sync) return _entries.ContainsKey(location);
    }

    /// <summary>
    /// Copies a part of a chunk, waiting for a load under way or starting one. Errors: as
    /// <see cref="IBlockClient.ReadAsync"/>.
    /// </summary>
    public async ValueTask<FsResult<Nothing>> ReadAsync(ReadSegment segment, Memory<byte> destination)
    {
        var entry = FindOrLoad(segment.Piece);
        try
        {
            var loaded = await entry.Loaded;
            if (loaded.IsError) return loaded;
            if (segment.Skip + destination.Length > entry.Length) return FsError.EIO;
            entry.Slab.Slice(segment.Skip, destination.Length).CopyTo(destination);
            return Nothing.Value;
        }
        finally
        {
            entry.Release(pool);
        }
    }

    /// <summary>Begins to load a chunk that a reader will want soon.</summary>
    public void Prefetch(in ExtentPiece piece) => FindOrLoad(piece, isPrefetch: true).Release(pool);

    /// <summary>Keeps the slab of a chunk that was just stored; false when the caller keeps it.</summary>
    public bool TryInsert(ChunkLocation location, Memory<byte> slab, int length)
    {
        if (bytesMax < slab.Length) return false;
        var entry = new CachedChunk(location, slab, length);
        entry.SetLoaded(Nothing.Value);
        lock (_sync)
        {
            if (!_entries.TryAdd(location, entry)) return false;
            _hand.Enqueue(entry);
            _bytes += slab.Length;
        }

        Trim();
        return true;
    }

    private CachedChunk? Find(ChunkLocation location)
    {
        lock (_sync)
        {
            if (!_entries.TryGetValue(location, out var entry)) return null;
            entry.AddReference();
            entry.IsUsed = true;
            return entry;
        }
    }

    private CachedChunk FindOrLoad(in ExtentPiece piece, bool isPrefetch = false)
    {
        CachedChunk? entry;
        lock (_sync)
        {
            if (_entries.TryGetValue(piece.Location, out entry))
            {
                entry.AddReference();
                entry.IsUsed |= !isPrefetch;
                return entry;
            }

            var slab = piece.StoredBytes <= Limits.LocatedBytes ? pool.RentPage() : pool.RentChunk();
            entry = new CachedChunk(piece.Location, slab, (int)piece.StoredBytes);
            entry.AddReference();
            _entries.Add(piece.Location, entry);
            _hand.Enqueue(entry);
            _bytes += slab.Length;
        }

        instruments.ChunkMisses.Add(1);
        Trim();
        entry.AddReference();
        _ = LoadAsync(entry, piece);
        return entry;
    }

    // Holds a reference of its own, so that the slab outlives the read whatever becomes of the entry.
    private async Task LoadAsync(CachedChunk entry, ExtentPiece piece)
    {
        FsResult<Nothing> result = FsError.EIO;
        try
        {
            result = piece.Codec != 0 || piece.StoredBytes > Limits.ChunkBytes
                ? FsError.EIO
                : await blocks.ReadAsync(
                    piece.Location, piece.Checksum, entry.Slab[..entry.Length], CancellationToken.None);
        }
        catch (FsException fault)
        {
            result = fault.Error;
        }
        finally
        {
            if (result.IsError) Remove(entry);
            entry.SetLoaded(result);
            entry.Release(pool);
        }
    }

    private void Remove(CachedChunk entry)
    {
        lock (_sync)
        {
            if (_entries.GetValueOrDefault(entry.Location) != entry) return;
            _entries.Remove(entry.Location);
            _bytes -= entry.Slab.Length;
        }

        entry.Release(pool);
    }

    // Second chance: an entry used since the hand last came by is passed over once.
    private void Trim()
    {
        while (true)
        {
            CachedChunk victim;
            lock (_sync)
            {
                if (_bytes <= bytesMax || !_hand.TryDequeue(out victim!)) return;
                if (_entries.GetValueOrDefault(victim.Location) != victim) continue;
                if (victim.IsUsed)
                {
                    victim.IsUsed = false;
                    _hand.Enqueue(victim);
                    continue;
                }

                _entries.Remove(victim.Location);
                _bytes -= victim.Slab.Length;
            }

            victim.Release(pool);
        }
    }
}
