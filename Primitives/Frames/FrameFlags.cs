namespace ClaudeFs.Primitives.Frames;

/// <summary>What a frame is, beside its opcode. Bit 7 is not assigned: a frame that has it is refused.</summary>
[Flags]
public enum FrameFlags : byte
{
    /// <summary>A request that waits for its reply.</summary>
    None = 0,

    /// <summary>A request that nobody answers, whatever becomes of it.</summary>
    OneWay = 1,

    /// <summary>Answers the request with the same id.</summary>
    Response = 2,

    /// <summary>The response's payload is an error; only together with <see cref="Response"/>.</summary>
    Error = 4,

    /// <summary>The payload begins with <see cref="TraceContext.SizeBytes"/> of trace context.</summary>
    Traced = 8,

    /// <summary>The payload ends with 64 bytes of Ed25519. Reserved: refused by version 1.</summary>
    Signed = 16,

    /// <summary>The payload is compressed. Reserved: refused by version 1.</summary>
    Compressed = 32,

    /// <summary>
    /// Further frames of the same request id follow; the last one has it not. No opcode of version 1 uses it.
    /// </summary>
    More = 64,
}
