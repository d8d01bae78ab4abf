using ClaudeFs.Primitives;

namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>A system call that answered -1.</summary>
internal sealed class CallFailedException(FsError error, string what) : IOException($"{what}: {error}")
{
    public FsError Error { get; } = error;
}
