using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// A frame whose header and checksums have been verified; whoever receives it owns and disposes the payload.
/// </summary>
public readonly record struct ReceivedFrame(FrameHeader Header, PayloadOwner Payload);
