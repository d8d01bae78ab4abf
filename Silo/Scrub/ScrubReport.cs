using ClaudeFs.Silo.Check;

namespace ClaudeFs.Silo.Scrub;

/// <summary>What is known of scrubs: GET /v1/scrub, and a part of the status.</summary>
/// <param name="Progress">Of the one that runs; null when none does.</param>
/// <param name="Last">The last one that read everything; null when there was none.</param>
/// <param name="Failure">Why the last one that is over did not read everything; null when it did.</param>
/// <param name="Due">When the schedule begins the next one; null without a schedule.</param>
public sealed record ScrubReport(ScrubProgress? Progress, ScrubResult? Last, string? Failure, DateTimeOffset? Due);

/// <summary>How far a scrub is.</summary>
/// <param name="Started">When it began; names it.</param>
/// <param name="Doing">What it reads now: "log", "tables", "segments", or "names" of damaged files.</param>
/// <param name="DoneBytes">Bytes read.</param>
/// <param name="TotalBytes">Bytes that there were to read when it began.</param>
/// <param name="BytesPerSecond">Since the start.</param>
/// <param name="SecondsLeft">At that rate; null while there is none.</param>
/// <param name="FindingCount">Found so far.</param>
public sealed record ScrubProgress(
    DateTimeOffset Started, string Doing, long DoneBytes, long TotalBytes, double BytesPerSecond, double? SecondsLeft,
    int FindingCount);

/// <summary>What a scrub found that read everything.</summary>
/// <param name="Started">When it began; names it.</param>
/// <param name="Ended">When it had read everything.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="FindingCount">All findings.</param>
/// <param name="Findings">The first of them, up to <see cref="Primitives.Limits.ScrubFindingsMax"/>.</param>
public sealed record ScrubResult(
    DateTimeOffset Started, DateTimeOffset Ended, long Bytes, int FindingCount, IReadOnlyList<Finding> Findings);
