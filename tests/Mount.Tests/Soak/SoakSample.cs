using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests.Soak;

/// <summary>Everything that a soak follows, at one moment.</summary>
/// <param name="Life">Which life of the daemon, from 0.</param>
/// <param name="Number">Which sample of that life, from 0: samples of one number are of the same age.</param>
/// <param name="Daemon">The process of silo and first mount, killed again and again.</param>
/// <param name="Mount">The process of the second mount, which lives on.</param>
/// <param name="Store">What the file system occupies.</param>
/// <param name="Latencies">One for each <see cref="SoakOperation"/>, since the sample before.</param>
internal sealed record SoakSample(
    int Life, int Number, ProcessFigures Daemon, ProcessFigures Mount, StoreFigures Store, SoakLatency[] Latencies);
