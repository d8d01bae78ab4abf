using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>On whose behalf an operation runs: effective uid and primary gid (0 is root).</summary>
[GenerateSerializer, Immutable, Alias("fs.caller")]
public readonly record struct Caller(uint Uid, uint Gid)
{
    public static Caller Root => default;
}
