using System.Buffers.Binary;
using System.Text;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Protocol;

/// <summary>
/// A failed call: the payload of a response with the error flag, and of Goodbye. Wire: code u16, text bytes u16, errno
/// i32, text UTF-8 (at most <see cref="Limits.RpcErrorTextBytesMax"/>).
/// </summary>
/// <param name="Code">What kind of failure it is.</param>
/// <param name="Errno">The errno that fits; always set.</param>
/// <param name="Text">For people; may be empty.</param>
public sealed record RpcError(RpcErrorCode Code, FsError Errno, string Text)
{
    private const int FixedBytes = 8;

    /// <summary>Longest encoding.</summary>
    public const int SizeBytesMax = FixedBytes + Limits.RpcErrorTextBytesMax;

    /// <summary>An error of the wire, with the errno of <see cref="RpcErrorMap"/>.</summary>
    public RpcError(RpcErrorCode code, string text) : this(code, RpcErrorMap.ToErrno(code), text)
    {
    }

    /// <summary>An ordinary refusal.</summary>
    public RpcError(FsError errno) : this(RpcErrorCode.Errno, errno, "")
    {
    }

    /// <summary>Reads a whole payload; false when it is malformed. An unknown code is read as Faulted.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out RpcError? error)
    {
        error = null;
        if (payload.Length is < FixedBytes or > SizeBytesMax) return false;
        if (BinaryPrimitives.ReadUInt16LittleEndian(payload[2..]) != payload.Length - FixedBytes) return false;

        var code = (RpcErrorCode)BinaryPrimitives.ReadUInt16LittleEndian(payload);
        if (code == RpcErrorCode.None) return false;
        if (!Enum.IsDefined(code)) code = RpcErrorCode.Faulted;
        var errno = (FsError)BinaryPrimitives.ReadInt32LittleEndian(payload[4..]);
        if (errno == FsError.None || !Enum.IsDefined(errno)) errno = FsError.EIO;
        error = new RpcError(code, errno, Encoding.UTF8.GetString(payload[FixedBytes..]));
        return true;
    }

    /// <summary>
    /// Writes the payload and returns its length; <paramref name="destination"/> has SizeBytesMax bytes.
    /// </summary>
    public int Write(Span<byte> destination)
    {
        // TryGetBytes would write a part of a character; Convert stops before one that does not fit.
        Encoding.UTF8.GetEncoder().Convert(
            Text, destination.Slice(FixedBytes, Limits.RpcErrorTextBytesMax), true, out _, out var bytes, out _);
        BinaryPrimitives.WriteUInt16LittleEndian(destination, (ushort)Code);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[2..], (ushort)bytes);
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], (int)Errno);
        return FixedBytes + bytes;
    }

    /// <summary>The exception for those who want one.</summary>
    public RpcException ToException() => new(Code, Text.Length > 0 ? $"{Code}: {Text}" : $"{Code} ({Errno})");
}
