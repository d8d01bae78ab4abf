using System.Buffers.Binary;
using System.Text;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Protocol;

/// <summary>
/// The greeting, asked by who connected and answered with the same layout. Wire: lowest version u8, highest version u8,
/// role u8, name bytes u8, calls u32, session u64, name UTF-8.
/// </summary>
/// <param name="VersionMin">Lowest frame version the sender speaks.</param>
/// <param name="VersionMax">Highest frame version the sender speaks; in the answer the one that is used.</param>
/// <param name="Role">What the sender is: exactly one role.</param>
/// <param name="CallsMax">Calls that the sender will hold for its peer at a time; at least 1.</param>
/// <param name="Session">The sender's session, or none.</param>
/// <param name="Name">The sender's name, unique among the peers of a server; at most 255 bytes, no control
/// characters.</param>
public sealed record Hello(
    byte VersionMin, byte VersionMax, PeerRoles Role, uint CallsMax, SessionId Session, string Name)
{
    private const int FixedBytes = 16;

    /// <summary>Longest encoding.</summary>
    public const int SizeBytesMax = FixedBytes + Limits.PeerNameBytesMax;

    /// <summary>Reads a whole payload; false when it is malformed.</summary>
    public static bool TryRead(ReadOnlySpan<byte> payload, out Hello? hello)
    {
        hello = null;
        if (payload.Length < FixedBytes || payload.Length != FixedBytes + payload[3]) return false;
        var role = (PeerRoles)payload[2];
        if (role is not (PeerRoles.Silo or PeerRoles.Client or PeerRoles.Gateway or PeerRoles.Admin)) return false;
        var calls = BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]);
        if (payload[0] > payload[1] || calls == 0) return false;

        var name = Encoding.UTF8.GetString(payload[FixedBytes..]);
        if (name.Length == 0 || name.Any(char.IsControl)) return false;
        var session = new SessionId(BinaryPrimitives.ReadUInt64LittleEndian(payload[8..]));
        hello = new Hello(payload[0], payload[1], role, calls, session, name);
        return true;
    }

    /// <summary>
    /// Writes the payload and returns its length; <paramref name="destination"/> has SizeBytesMax bytes.
    /// </summary>
    public int Write(Span<byte> destination)
    {
        var bytes = Encoding.UTF8.GetByteCount(Name);
        Invariant.That(bytes is > 0 and <= Limits.PeerNameBytesMax);
        destination[0] = VersionMin;
        destination[1] = VersionMax;
        destination[2] = (byte)Role;
        destination[3] = (byte)bytes;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], CallsMax);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], Session.Value);
        Encoding.UTF8.GetBytes(Name, destination[FixedBytes..]);
        return FixedBytes + bytes;
    }
}
