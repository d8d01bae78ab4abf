namespace ClaudeFs.Platform.Seams;

/// <summary>Where randomness and random ids come from; a simulation draws them from its seed. Thread-safe.</summary>
public interface IIdSource
{
    /// <summary>64 random bits, never 0.</summary>
    ulong NextId();

    /// <summary>Fills with random bytes; fit for keys in a real process.</summary>
    void Fill(Span<byte> destination);
}
