namespace ClaudeFs.Primitives;

/// <summary>The ways to compute a CRC32C, slowest first; all give the same number.</summary>
internal enum Crc32cTier
{
    /// <summary>Eight tables, eight bytes a step; runs anywhere.</summary>
    Scalar,

    /// <summary>The processor's CRC32C instruction, eight bytes a step.</summary>
    Instruction,

    /// <summary>Four 16-byte accumulators folded by carry-less multiplication.</summary>
    Fold128,

    /// <summary>Four 64-byte accumulators folded by carry-less multiplication.</summary>
    Fold512,
}
