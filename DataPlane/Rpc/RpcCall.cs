using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>
/// A call to make: the payload is Head followed by Parts, so that bytes lying apart are not copied together.
/// </summary>
/// <param name="Opcode">What is asked.</param>
/// <param name="Head">First bytes; borrowed until the call completes.</param>
/// <param name="Parts">Further bytes; list and bytes are borrowed until the call completes.</param>
/// <param name="Timeout">Time for all of it, waiting included; zero takes the option's default.</param>
public readonly record struct RpcCall(
    Opcode Opcode, ReadOnlyMemory<byte> Head = default, ReadOnlyMemory<ReadOnlyMemory<byte>> Parts = default,
    TimeSpan Timeout = default);
