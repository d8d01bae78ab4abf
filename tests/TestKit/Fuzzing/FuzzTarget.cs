namespace ClaudeFs.TestKit.Fuzzing;

/// <summary>
/// Gives bytes to a parser; true when it took them, false when it refused them. Any exception is a fault.
/// </summary>
public delegate bool FuzzParser(ReadOnlyMemory<byte> input);

/// <summary>Makes the checksums of a changed input right, so that what lies behind them is reached.</summary>
public delegate void FuzzSeal(Span<byte> input);

/// <summary>A parser that is to be fuzzed.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Samples">Good inputs, which are changed.</param>
/// <param name="Parse">The parser.</param>
public sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Samples, FuzzParser Parse)
{
    /// <summary>Applied to half of the inputs: the structured ones.</summary>
    public FuzzSeal? Seal { get; init; }

    /// <summary>What one input may allocate: this, and <see cref="AllocationFactor"/> times its length.</summary>
    public long AllocationBytesMax { get; init; } = 32 * 1024;

    /// <summary>Bytes allocated a byte of input.</summary>
    public long AllocationFactor { get; init; } = 64;
}

/// <summary>What a run was.</summary>
public sealed record FuzzReport(string Name, ulong Seed, long Inputs, long Accepted, TimeSpan Elapsed, long Allocated)
{
    public override string ToString() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"fuzz {Name}: seed {Seed}, {Inputs:N0} inputs, {Accepted:N0} taken, "
        + $"{Inputs / Elapsed.TotalSeconds:N0} inputs/s, at most {Allocated:N0} bytes allocated for one");
}

/// <summary>A parser threw, hung or took too much memory; the message is one line that repeats it.</summary>
public sealed class FuzzFailureException(string message, Exception? inner = null) : Exception(message, inner);
