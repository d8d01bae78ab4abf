namespace ClaudeFs.Primitives.Frames;

/// <summary>Why a frame was refused. After any of them the stream has lost its framing and is closed.</summary>
public enum FrameFault
{
    None = 0,

    /// <summary>Fewer bytes than a header, or the stream ended inside a frame.</summary>
    Short = 1,

    /// <summary>The first four bytes are not a frame's: garbage, or another protocol.</summary>
    BadMagic = 2,

    /// <summary>A version that is not spoken here; its header's other fields were not looked at.</summary>
    UnknownVersion = 3,

    /// <summary>The header's own checksum is wrong: no field of it can be trusted.</summary>
    BadHeaderChecksum = 4,

    /// <summary>An unassigned flag, or flags that contradict each other.</summary>
    BadFlags = 5,

    /// <summary>The payload would be longer than <see cref="Limits.FramePayloadBytesMax"/>.</summary>
    Oversize = 6,

    /// <summary>The payload is not what its checksum says.</summary>
    BadPayloadChecksum = 7,
}
