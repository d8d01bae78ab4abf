using ClaudeFs.Grains.Leases;
using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Hosting;

/// <summary>What the grains of one silo share. Holds no rows: those are the shards'.</summary>
internal sealed class FileSystemCore
{
    private readonly IGarbageEpochs? _garbage;
    private readonly ShardMemory?[] _memories = new ShardMemory?[ShardId.Count];

    public FileSystemCore(MetadataStore store, SessionTable sessions, QuotaLedger quotas, LeaseRecaller recaller,
        GrainOptions options, TimeProvider time, IEnumerable<IGarbageEpochs> garbage)
    {
        Store = store;
        Sessions = sessions;
        Quotas = quotas;
        Recaller = recaller;
        Options = options;
        Time = time;
        _garbage = garbage.FirstOrDefault();
        sessions.Ending = DropLeases;
    }

    public MetadataStore Store { get; }

    public SessionTable Sessions { get; }

    public QuotaLedger Quotas { get; }

    public LeaseRecaller Recaller { get; }

    public GrainOptions Options { get; }

    public TimeProvider Time { get; }

    /// <summary>Where sessions and quotas have their rows.</summary>
    public static ShardId HomeShard => default;

    /// <summary>The garbage epoch now; 0 when this silo has no block store.</summary>
    public ulong GarbageEpoch => _garbage?.Current ?? 0;

    /// <summary>Told once for each session that is over: its rows are to be cleaned up.</summary>
    public Action<SessionId>? SessionEnded { get; set; }

    public Shard ShardOf(InodeId inode) => Store.Shards.Of(inode);

    public Shard ShardOf(ShardId shard) => Store.Shards[shard];

    public ShardMemory MemoryOf(InodeId inode) => MemoryOf(inode.Shard);

    public ShardMemory MemoryOf(ShardId shard)
    {
        ref var slot = ref _memories[shard.Value];
        return Volatile.Read(ref slot) ?? Interlocked.CompareExchange(ref slot, new(Store.Shards[shard]), null) ?? slot;
    }

    /// <summary>All shards that are in use, by number.</summary>
    public IEnumerable<ShardMemory> Memories => Store.Shards.Loaded.Select(shard => MemoryOf(shard.Id));

    /// <summary>The row of an inode of any shard; the answer then rests on that shard too.</summary>
    public InodeRow? FindInode(InodeId inode)
    {
        var version = default(ReadVersion);
        return ShardOf(inode).FindInode(inode, ref version);
    }

    /// <summary>
    /// Whether pieces pinned in this epoch may have been dropped already: the writer puts them again.
    /// </summary>
    public bool IsPinTooOld(ulong oldestPin) => oldestPin != 0 && GarbageEpoch > oldestPin + 1;

    /// <summary>The active shard with the fewest inodes.</summary>
    public Shard LeastLoadedShard()
    {
        var least = Store.Shards[default];
        for (var i = 1; i < Options.ActiveShardCount; i++)
        {
            var shard = Store.Shards[new((ushort)i)];
            if (shard.InodeCount < least.InodeCount) least = shard;
        }

        return least;
    }

    private void DropLeases(SessionState session)
    {
        foreach (var memory in Memories)
        {
            memory.Leases.Drop(session.Id);
            memory.Slices.Unreserve(session.Id);
        }

        SessionEnded?.Invoke(session.Id);
    }
}
