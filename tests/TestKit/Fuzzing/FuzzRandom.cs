namespace ClaudeFs.TestKit.Fuzzing;

/// <summary>SplitMix64: a generator that costs nothing to begin, so that each input has one of its own.</summary>
public struct FuzzRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to <paramref name="count"/> - 1; 0 when there is nothing to choose from.</summary>
    public int Next(int count) => count <= 1 ? 0 : (int)(Next() % (ulong)count);
}
