using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>
/// A fault: the outcome is unknown or the system is broken. Ordinary errors are <see cref="FsResult{T}"/>s.
/// </summary>
[GenerateSerializer, Alias("fs.exception")]
public sealed class FsException(FsError error, string message, Exception? inner = null) : IOException(message, inner)
{
    [Id(0)]
    public FsError Error { get; } = error;
}
