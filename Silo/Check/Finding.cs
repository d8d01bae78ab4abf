using ClaudeFs.Primitives;

namespace ClaudeFs.Silo.Check;

/// <summary>One broken invariant of a data directory.</summary>
/// <param name="Severity">
/// "warning": a figure is wrong; "error": an invariant is broken; "damage": bytes cannot be trusted; "repaired": it was
/// one of these, and is not any more; "lost": content that an earlier repair found lost, and recorded: nothing is
/// broken, but a file is not what it was.
/// </param>
/// <param name="What">What was expected and what was found.</param>
/// <param name="Where">Inode, row, or file with offset.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record Finding(string Severity, string What, string Where, string Advice)
{
    internal const string Repaired = "repaired";
    internal const string Damage = "damage";
    internal const string Lost = "lost";

    /// <summary>Whether it is still so.</summary>
    public bool IsBroken => Severity is not (Repaired or Lost);
}

/// <summary>What a check of a data directory found.</summary>
/// <param name="Findings">Every broken invariant.</param>
/// <param name="Inodes">Inodes looked at.</param>
/// <param name="Entries">Directory entries looked at.</param>
/// <param name="Items">Stored items read and verified.</param>
/// <param name="Bytes">Their bytes.</param>
public sealed record CheckResult(IReadOnlyList<Finding> Findings, long Inodes, long Entries, long Items, long Bytes)
{
    /// <summary>How many invariants are broken now.</summary>
    public int BrokenCount => Findings.Count(static finding => finding.IsBroken);

    /// <summary>How many names lead to files with content that is known to be lost.</summary>
    public int LostCount => Findings.Count(static finding => finding.Severity == Finding.Lost);

    /// <summary>Referenced items that cannot be read.</summary>
    internal IReadOnlySet<ChunkLocation> LostItems { get; init; } = new HashSet<ChunkLocation>();
}
