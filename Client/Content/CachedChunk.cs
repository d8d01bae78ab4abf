using ClaudeFs.Client.Buffers;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>One entry of the <see cref="ChunkCache"/>; counts who uses its slab. Born with the cache's own
/// reference.</summary>
internal sealed class CachedChunk(ChunkLocation location, Memory<byte> slab, int length)
{
    private readonly TaskCompletionSource<FsResult<Nothing>> _loaded = new();

    private int _references = 1;

    /// <summary>Where the bytes are stored.</summary>
    public ChunkLocation Location { get; } = location;

    /// <summary>Holds the bytes from its start.</summary>
    public Memory<byte> Slab { get; } = slab;

    /// <summary>How many bytes.</summary>
    public int Length { get; } = length;

    /// <summary>Read since the hand last passed; guarded by the cache's lock.</summary>
    public bool IsUsed { get; set; }

    /// <summary>How the load ended.</summary>
    public Task<FsResult<Nothing>> Loaded => _loaded.Task;

    /// <summary>Whether the bytes are good.</summary>
    public bool IsLoaded => _loaded.Task is { IsCompletedSuccessfully: true, Result.IsError: false };

    /// <summary>The load has ended.</summary>
    public void SetLoaded(FsResult<Nothing> result) => _loaded.TrySetResult(result);

    /// <summary>One more user.</summary>
    public void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>One user less; the last gives the slab back.</summary>
    public void Release(SlabPool pool)
    {
        if (Interlocked.Decrement(ref _references) == 0) pool.Return(Slab);
    }
}
