namespace ClaudeFs.Reduction.Hashing;

/// <summary>Domain separation of compressions. Source: BLAKE3 paper, table 3.</summary>
internal static class Blake3Flags
{
    public const uint ChunkStart = 1 << 0;
    public const uint ChunkEnd = 1 << 1;
    public const uint Parent = 1 << 2;
    public const uint Root = 1 << 3;
    public const uint KeyedHash = 1 << 4;
    public const uint DeriveKeyContext = 1 << 5;
    public const uint DeriveKeyMaterial = 1 << 6;
}
