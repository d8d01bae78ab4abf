namespace ClaudeFs.Reduction.Hashing;

/// <summary>How many chunks BLAKE3 works on at a time; all tiers give the same hash.</summary>
internal enum Blake3Tier
{
    /// <summary>One, in general registers; runs anywhere.</summary>
    Scalar,

    /// <summary>Eight, in 256-bit registers (AVX2).</summary>
    Vector256,

    /// <summary>Sixteen, in 512-bit registers (AVX-512F), and eight for what is left.</summary>
    Vector512,
}
