using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>
/// Names a chunk: the keyed BLAKE3-256 of its plaintext under the tenant's key. The 32 bytes are held as four words,
/// the first bytes in the highest ones, so that numeric order is byte order and <paramref name="Word0"/> is the prefix
/// by which the fingerprint index is split.
/// </summary>
/// <param name="Word0">Bytes 0 to 7, big-endian.</param>
/// <param name="Word1">Bytes 8 to 15, big-endian.</param>
/// <param name="Word2">Bytes 16 to 23, big-endian.</param>
/// <param name="Word3">Bytes 24 to 31, big-endian.</param>
[GenerateSerializer, Immutable, Alias("fs.fingerprint")]
public readonly record struct Fingerprint(ulong Word0, ulong Word1, ulong Word2, ulong Word3)
    : IComparable<Fingerprint>
{
    /// <summary>Bytes of a fingerprint, in memory, on the wire and on disk.</summary>
    public const int SizeBytes = 32;

    private const int HexChars = SizeBytes * 2;

    /// <summary>Whether this is the default value, which no chunk has as its name.</summary>
    public bool IsZero => (Word0 | Word1 | Word2 | Word3) == 0;

    /// <summary>
    /// Reads the first <see cref="SizeBytes"/> of <paramref name="source"/>; false when it is shorter.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out Fingerprint fingerprint)
    {
        fingerprint = default;
        if (source.Length < SizeBytes) return false;
        fingerprint = Read(source);
        return true;
    }

    /// <summary>Reads the first <see cref="SizeBytes"/> of a source whose length the caller has checked.</summary>
    public static Fingerprint Read(ReadOnlySpan<byte> source) => new(
        BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
        BinaryPrimitives.ReadUInt64BigEndian(source[16..]), BinaryPrimitives.ReadUInt64BigEndian(source[24..]));

    /// <summary>Writes <see cref="SizeBytes"/> to the start of <paramref name="destination"/>.</summary>
    public void Write(Span<byte> destination)
    {
        BinaryPrimitives.WriteUInt64BigEndian(destination[24..], Word3);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], Word2);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], Word1);
        BinaryPrimitives.WriteUInt64BigEndian(destination, Word0);
    }

    /// <summary>Reads 64 hexadecimal digits of either case; false for anything else.</summary>
    public static bool TryParse([NotNullWhen(true)] string? hex, out Fingerprint fingerprint)
    {
        fingerprint = default;
        if (hex is not { Length: HexChars }) return false;
        Span<byte> bytes = stackalloc byte[SizeBytes];
        if (Convert.FromHexString(hex, bytes, out _, out _) != System.Buffers.OperationStatus.Done) return false;
        fingerprint = Read(bytes);
        return true;
    }

    /// <summary>Order of the 32 bytes, the first the most significant.</summary>
    public int CompareTo(Fingerprint other)
    {
        if (Word0 != other.Word0) return Word0.CompareTo(other.Word0);
        if (Word1 != other.Word1) return Word1.CompareTo(other.Word1);
        if (Word2 != other.Word2) return Word2.CompareTo(other.Word2);
        return Word3.CompareTo(other.Word3);
    }

    /// <summary>Order of the bytes.</summary>
    public static bool operator <(Fingerprint left, Fingerprint right) => left.CompareTo(right) < 0;

    /// <summary>Order of the bytes.</summary>
    public static bool operator >(Fingerprint left, Fingerprint right) => left.CompareTo(right) > 0;

    /// <summary>Order of the bytes.</summary>
    public static bool operator <=(Fingerprint left, Fingerprint right) => left.CompareTo(right) <= 0;

    /// <summary>Order of the bytes.</summary>
    public static bool operator >=(Fingerprint left, Fingerprint right) => left.CompareTo(right) >= 0;

    /// <summary>A hash of a hash is one of its words.</summary>
    public override int GetHashCode() => (int)Word3;

    /// <summary>64 lower-case hexadecimal digits.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[SizeBytes];
        Write(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
