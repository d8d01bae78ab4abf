namespace ClaudeFs.Silo.Admin;

/// <summary>Whether a silo takes changes.</summary>
/// <param name="State">One of the words below.</param>
/// <param name="Reason">Why it is not <see cref="Ok"/>; null when it is.</param>
public sealed record SiloHealth(string State, string? Reason)
{
    public const string Ok = "ok";

    /// <summary>A disk failed: nothing changes any more until a restart.</summary>
    public const string ReadOnly = "read-only";

    /// <summary>The disk under the tables is full: growth is refused until it has room again.</summary>
    public const string NoSpace = "no-space";
}
