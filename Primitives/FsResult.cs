using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>A value, or the error that POSIX calls ordinary.</summary>
[GenerateSerializer, Immutable, Alias("fs.result`1")]
public readonly record struct FsResult<T>(T Value, FsError Error)
{
    public bool IsError => Error != FsError.None;

    public static implicit operator FsResult<T>(T value) => new(value, FsError.None);
    public static implicit operator FsResult<T>(FsError error) => new(default!, error);
}

/// <summary>No value: the result of an operation that only succeeds or fails.</summary>
[GenerateSerializer, Immutable, Alias("fs.nothing")]
public readonly record struct Nothing
{
    public static Nothing Value => default;
}
