using System.Globalization;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.TestKit.Simulation;

/// <summary>
/// Everything that happened, as a hash: two runs with the same hash were the same run. With <see cref="Log"/> also as
/// text, so that the first difference of two runs can be looked at.
/// </summary>
public sealed class SimulationTrace(FakeTimeProvider time)
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>Takes the text, if wanted.</summary>
    public TextWriter? Log { get; set; }

    /// <summary>Hash of all so far.</summary>
    public ulong Hash { get; private set; } = Offset;

    /// <summary>Events so far.</summary>
    public long Count { get; private set; }

    /// <summary>One item of some loop is about to run.</summary>
    public void AddStep(string loop)
    {
        Mix(time.GetTimestamp());
        foreach (var letter in loop) Mix(letter);
        Log?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():ss.fffffff} {loop}"));
    }

    /// <summary>Something happened, and what came of it.</summary>
    public void Add(string what, string outcome)
    {
        Count++;
        Mix(time.GetTimestamp());
        foreach (var letter in what) Mix(letter);
        foreach (var letter in outcome) Mix(letter);
        Log?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time.GetUtcNow():ss.fffffff} {what}: {outcome}"));
    }

    /// <summary>Bytes went from one place to another.</summary>
    public void Add(string what, ReadOnlySpan<byte> bytes)
    {
        var hash = Offset;
        foreach (var value in bytes) hash = (hash ^ value) * Prime;
        Add(what, string.Create(CultureInfo.InvariantCulture, $"{bytes.Length} bytes {hash:x}"));
    }

    private void Mix(long value) => Hash = (Hash ^ (ulong)value) * Prime;
}
