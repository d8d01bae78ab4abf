using System.Buffers.Binary;
using ClaudeFs.DataPlane.Storage;

namespace ClaudeFs.DataPlane.Protocol;

/// <summary>
/// BlockReserve, request: bytes i64, answer empty. BlockSpace, request empty, answer: capacity i64, used i64, reserved
/// i64.
/// </summary>
public static class BlockSpaceMessage
{
    /// <summary>Length of a BlockReserve request.</summary>
    public const int ReserveBytes = 8;

    /// <summary>Length of a BlockSpace answer.</summary>
    public const int SpaceBytes = 24;

    /// <summary>Reads a whole BlockReserve request; false when it is malformed.</summary>
    public static bool TryReadReserve(ReadOnlySpan<byte> payload, out long bytes)
    {
        bytes = 0;
        if (payload.Length != ReserveBytes) return false;
        bytes = BinaryPrimitives.ReadInt64LittleEndian(payload);
        return true;
    }

    /// <summary>Reads a whole BlockSpace answer; false when it is malformed or a number is negative.</summary>
    public static bool TryReadSpace(ReadOnlySpan<byte> payload, out StoreSpace space)
    {
        space = default;
        if (payload.Length != SpaceBytes) return false;
        var capacity = BinaryPrimitives.ReadInt64LittleEndian(payload);
        var used = BinaryPrimitives.ReadInt64LittleEndian(payload[8..]);
        var reserved = BinaryPrimitives.ReadInt64LittleEndian(payload[16..]);
        if ((capacity | used | reserved) < 0) return false;
        space = new StoreSpace(capacity, used, reserved);
        return true;
    }

    /// <summary>Writes <see cref="SpaceBytes"/>.</summary>
    public static void WriteSpace(in StoreSpace space, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, space.CapacityBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], space.UsedBytes);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], space.ReservedBytes);
    }
}
