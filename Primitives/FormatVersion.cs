namespace ClaudeFs.Primitives;

/// <summary>
/// How what a later version wrote is refused: what it is, the version found, the one known, what to do.
/// </summary>
public static class FormatVersion
{
    /// <summary>What to do about it.</summary>
    public const string Advice = "use the cfs that wrote it, or a later one";

    /// <summary>The fault (EPROTO) for a version above what is known, or below what can still be read.</summary>
    /// <param name="what">File and thing, as a sentence begins.</param>
    /// <param name="found">Its version.</param>
    /// <param name="known">The version that this program reads and writes.</param>
    public static FsException Refuse(string what, long found, long known) =>
        new(FsError.EPROTO, Describe(what, found, known));

    /// <summary>The same as text.</summary>
    public static string Describe(string what, long found, long known) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{what} has version {found}; this cfs knows version {known}: {Advice}");
}
