namespace ClaudeFs.Grains.Storage;

/// <summary>What a counter counts for. Numbers are in the log.</summary>
public enum CounterKind : byte
{
    /// <summary>The whole file system: kept by the store itself, the sum over users.</summary>
    Total = 0,
    User = 1,
    Group = 2,
}

/// <summary>A counter of bytes and inodes: of a user or a group. Each shard has its part of it.</summary>
public readonly record struct CounterKey(CounterKind Kind, uint Id)
{
    public static CounterKey Total => default;

    public static CounterKey User(uint uid) => new(CounterKind.User, uid);

    public static CounterKey Group(uint gid) => new(CounterKind.Group, gid);

    /// <summary>The key as one number, as rows hold it.</summary>
    public long Value => ((long)Kind << 32) | Id;

    public static CounterKey Of(long value) => new((CounterKind)(value >> 32), (uint)value);

    /// <summary>"u:UID" or "g:GID", the key of the quota's grain.</summary>
    public override string ToString() => Kind switch
    {
        CounterKind.User => $"u:{Id}",
        CounterKind.Group => $"g:{Id}",
        _ => "total",
    };
}

/// <summary>What a counter holds, over the shards asked for.</summary>
public readonly record struct Usage(long Bytes, long Inodes);
