using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Check;

/// <summary>How bad a finding is.</summary>
public enum CheckSeverity
{
    /// <summary>It was broken, and was put right.</summary>
    Repaired,

    /// <summary>Space is lost or a copy is missing; no data.</summary>
    Warning,

    /// <summary>Data that files refer to is gone or damaged.</summary>
    Error,
}

/// <summary>One broken invariant of a device.</summary>
/// <param name="Severity">How bad it is.</param>
/// <param name="What">One sentence: what was expected and what was found.</param>
/// <param name="File">The file that holds it.</param>
/// <param name="OffsetBytes">Where in the file; -1 where that has no meaning.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record CheckFinding(CheckSeverity Severity, string What, string File, long OffsetBytes, string Advice);

/// <summary>How far a check is.</summary>
/// <param name="Items">Items read so far.</param>
/// <param name="ItemsTotal">All that are referenced.</param>
/// <param name="Bytes">Bytes read so far.</param>
/// <param name="Elapsed">Since the check began.</param>
public readonly record struct CheckProgress(long Items, long ItemsTotal, long Bytes, TimeSpan Elapsed)
{
    /// <summary>Bytes a second.</summary>
    public double Rate => Elapsed > TimeSpan.Zero ? Bytes / Elapsed.TotalSeconds : 0;
}

/// <summary>What a check found.</summary>
/// <param name="Findings">All broken invariants, device order.</param>
/// <param name="Items">Referenced items that were read.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Segments">Segments looked at.</param>
public sealed record CheckReport(IReadOnlyList<CheckFinding> Findings, long Items, long Bytes, int Segments)
{
    /// <summary>Whether everything holds.</summary>
    public bool IsClean => Findings.Count == 0;

    /// <summary>Items whose bytes cannot be had: the files that refer to them give EIO there.</summary>
    public IReadOnlySet<ChunkLocation> Lost { get; init; } = new HashSet<ChunkLocation>();
}
