using System.Buffers.Binary;

namespace ClaudeFs.Primitives.Frames;

/// <summary>
/// The 25 bytes that begin a traced payload: W3C trace id (16 bytes), id of the calling span (8 bytes), trace flags.
/// Source: W3C Trace Context, 3.2.2. The ids are held as big-endian words, so that their hexadecimal form is the text
/// form.
/// </summary>
public readonly record struct TraceContext(ulong TraceHigh, ulong TraceLow, ulong SpanId, byte Flags)
{
    public const int SizeBytes = 25;

    /// <summary>All-zero ids are no trace (W3C Trace Context, 3.2.2.3).</summary>
    public bool IsNone => (TraceHigh | TraceLow) == 0 || SpanId == 0;

    /// <summary>Reads the first <see cref="SizeBytes"/>; false when the source is shorter.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out TraceContext context)
    {
        context = default;
        if (source.Length < SizeBytes) return false;
        context = new TraceContext(
            BinaryPrimitives.ReadUInt64BigEndian(source), BinaryPrimitives.ReadUInt64BigEndian(source[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(source[16..]), source[24]);
        return true;
    }

    /// <summary>Writes <see cref="SizeBytes"/> to the start of <paramref name="destination"/>.</summary>
    public void Write(Span<byte> destination)
    {
        destination = destination[..SizeBytes];
        BinaryPrimitives.WriteUInt64BigEndian(destination, TraceHigh);
        BinaryPrimitives.WriteUInt64BigEndian(destination[8..], TraceLow);
        BinaryPrimitives.WriteUInt64BigEndian(destination[16..], SpanId);
        destination[24] = Flags;
    }
}
