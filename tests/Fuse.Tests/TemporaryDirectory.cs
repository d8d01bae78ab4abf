namespace ClaudeFs.Fuse.Tests;

/// <summary>A directory that is gone at the end.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("claudefs-fuse-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
