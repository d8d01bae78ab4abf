namespace ClaudeFs.Fuse.Session;

/// <summary>Why a directory cannot be mounted or unmounted: one line that says what to do about it.</summary>
public sealed class FuseMountException(string message, Exception? inner = null) : IOException(message, inner);
