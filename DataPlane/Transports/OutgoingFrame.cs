using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// A frame to send. Its payload is trace context (when traced), then <paramref name="Head"/>, then
/// <paramref name="Parts"/> in order: bytes that lie apart need not be copied together.
/// </summary>
/// <param name="Opcode">What is asked or answered.</param>
/// <param name="Flags">What kind of frame it is; <see cref="FrameFlags.Traced"/> takes
/// <paramref name="Trace"/>.</param>
/// <param name="RequestId">Which request it is or answers.</param>
/// <param name="DeadlineMilliseconds">Time left; 0 is none.</param>
/// <param name="Head">First bytes; borrowed until the send completes.</param>
/// <param name="Parts">Further bytes; the list and the bytes are borrowed until the send completes.</param>
/// <param name="Trace">Trace context of a traced frame.</param>
public readonly record struct OutgoingFrame(
    Opcode Opcode, FrameFlags Flags, ulong RequestId, uint DeadlineMilliseconds = 0,
    ReadOnlyMemory<byte> Head = default, ReadOnlyMemory<ReadOnlyMemory<byte>> Parts = default,
    TraceContext Trace = default)
{
    /// <summary>Length of the payload, trace context included.</summary>
    public long PayloadBytes
    {
        get
        {
            long bytes = Head.Length + ((Flags & FrameFlags.Traced) != 0 ? TraceContext.SizeBytes : 0);
            foreach (var part in Parts.Span) bytes += part.Length;
            return bytes;
        }
    }

    // Writes header and, when there is one, trace context; the caller has room for both. Returns the bytes written.
    internal int WriteHeader(Span<byte> destination)
    {
        var written = FrameHeader.SizeBytes;
        uint checksum = 0;
        if ((Flags & FrameFlags.Traced) != 0)
        {
            var trace = destination.Slice(written, TraceContext.SizeBytes);
            Trace.Write(trace);
            checksum = Crc32c.Compute(trace);
            written += TraceContext.SizeBytes;
        }

        checksum = Crc32c.Append(checksum, Head.Span);
        foreach (var part in Parts.Span) checksum = Crc32c.Append(checksum, part.Span);
        var header = new FrameHeader(Opcode, Flags, RequestId, (uint)PayloadBytes, DeadlineMilliseconds, checksum);
        header.Write(destination);
        return written;
    }
}
