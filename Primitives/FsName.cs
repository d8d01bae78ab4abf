using System.Text;
using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>
/// Name of a directory entry: 1 to <see cref="Limits.NameBytesMax"/> bytes, any but '/' and NUL, not "." or "..".
/// Bytes, not text: names need not be UTF-8.
/// </summary>
[GenerateSerializer, Immutable, Alias("fs.name")]
public readonly struct FsName : IEquatable<FsName>, IComparable<FsName>
{
    [Id(0)] private readonly byte[]? _bytes;

    private FsName(byte[] bytes) => _bytes = bytes;

    public ReadOnlySpan<byte> Bytes => _bytes;

    public int Length => _bytes?.Length ?? 0;

    /// <summary>
    /// Copies and checks a name. Errors: ENOENT when empty, ENAMETOOLONG, EINVAL for '/', NUL, "." and "..".
    /// </summary>
    public static FsError TryParse(ReadOnlySpan<byte> source, out FsName name)
    {
        name = default;
        if (source.Length == 0) return FsError.ENOENT;
        if (source.Length > Limits.NameBytesMax) return FsError.ENAMETOOLONG;
        if (source.IndexOfAny((byte)'/', (byte)0) >= 0) return FsError.EINVAL;
        if (source is [(byte)'.'] or [(byte)'.', (byte)'.']) return FsError.EINVAL;

        name = new(source.ToArray());
        return FsError.None;
    }

    /// <summary>A name known to be right; throws <see cref="ArgumentException"/> when it is not.</summary>
    public static FsName Of(string text)
    {
        var error = TryParse(Encoding.UTF8.GetBytes(text), out var name);
        return error == FsError.None ? name : throw new ArgumentException($"'{text}' is no name of an entry: {error}");
    }

    public bool Equals(FsName other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is FsName other && Equals(other);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.AddBytes(Bytes);
        return hash.ToHashCode();
    }

    /// <summary>Byte order.</summary>
    public int CompareTo(FsName other) => Bytes.SequenceCompareTo(other.Bytes);

    public static bool operator ==(FsName left, FsName right) => left.Equals(right);
    public static bool operator !=(FsName left, FsName right) => !left.Equals(right);
    public static bool operator <(FsName left, FsName right) => left.CompareTo(right) < 0;
    public static bool operator >(FsName left, FsName right) => left.CompareTo(right) > 0;
    public static bool operator <=(FsName left, FsName right) => left.CompareTo(right) <= 0;
    public static bool operator >=(FsName left, FsName right) => left.CompareTo(right) >= 0;

    public override string ToString() => Encoding.UTF8.GetString(Bytes);
}
