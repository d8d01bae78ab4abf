using ClaudeFs.Platform.Seams;

namespace ClaudeFs.TestKit.Time;

/// <summary>Randomness from a seed: the same seed gives the same ids.</summary>
public sealed class SeededIdSource(int seed) : IIdSource
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);

    /// <inheritdoc />
    public ulong NextId()
    {
        lock (_lock)
        {
            return (ulong)_random.NextInt64(1, long.MaxValue);
        }
    }

    /// <inheritdoc />
    public void Fill(Span<byte> destination)
    {
        lock (_lock)
        {
            _random.NextBytes(destination);
        }
    }
}
