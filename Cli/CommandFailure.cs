namespace ClaudeFs.Cli;

/// <summary>Ends a command with one line for the user: what, which value, which rule or what to do.</summary>
internal sealed class CommandFailure(ExitCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    public ExitCode Code { get; } = code;
}
