namespace ClaudeFs.DataPlane.Protocol;

/// <summary>
/// Why a call or a connection failed. Numbers are on the wire and never reused; what to do about each stands in
/// docs/spec/frame.md.
/// </summary>
public enum RpcErrorCode : ushort
{
    None = 0,

    /// <summary>The handler answered with an errno: an ordinary refusal.</summary>
    Errno = 1,

    /// <summary>The caller's time ran out before an answer came; whether the work was done is unknown.</summary>
    RequestTimeout = 2,

    /// <summary>The time was over before the work began, or before its reply was built.</summary>
    DeadlineExceeded = 3,

    /// <summary>No connection, or it ended with the call in flight.</summary>
    PeerUnavailable = 4,

    /// <summary>The peer has no room for another call; nothing was done.</summary>
    Overloaded = 5,

    /// <summary>This side has no room for another call; nothing was sent.</summary>
    PoolExhausted = 6,

    /// <summary>The caller gave up; whether the work was done is unknown.</summary>
    Cancelled = 7,

    /// <summary>The peer does not know or does not serve this opcode.</summary>
    UnknownOpcode = 8,

    /// <summary>The caller's role may not call this opcode.</summary>
    AccessDenied = 9,

    /// <summary>The peer speaks other versions; its text says which.</summary>
    UnsupportedVersion = 10,

    /// <summary>A reserved flag (SIGNED, COMPRESSED, MORE) is not served.</summary>
    UnsupportedFlags = 11,

    /// <summary>What came is not the protocol; the connection is closed.</summary>
    ProtocolError = 12,

    /// <summary>The greeting failed; the text says why.</summary>
    HandshakeFailed = 13,

    /// <summary>The handler failed in a way it did not foresee; details are in its log.</summary>
    Faulted = 14,

    /// <summary>The payload is longer than a frame may be; nothing was sent.</summary>
    PayloadTooLarge = 15,
}
