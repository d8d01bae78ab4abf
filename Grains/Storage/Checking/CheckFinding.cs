namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>How bad a finding is.</summary>
public enum CheckSeverity
{
    /// <summary>It was broken, and was put right.</summary>
    Repaired,

    /// <summary>A figure is wrong; no file is harmed.</summary>
    Warning,

    /// <summary>An invariant of the file system is broken.</summary>
    Error,

    /// <summary>Records cannot be read or trusted: what depends on them could not be checked.</summary>
    Damage,
}

/// <summary>One broken invariant.</summary>
/// <param name="Severity">How bad.</param>
/// <param name="What">What is wrong, in one sentence.</param>
/// <param name="Where">Of which inode, entry, row or file.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record CheckFinding(CheckSeverity Severity, string What, string Where, string Advice);
