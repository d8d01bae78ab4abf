using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ClaudeFs.Platform.Seams;

/// <summary>Randomness of the operating system.</summary>
public sealed class SystemIdSource : IIdSource
{
    /// <inheritdoc />
    public ulong NextId()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        ulong id;
        do
        {
            RandomNumberGenerator.Fill(bytes);
            id = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        }
        while (id == 0);

        return id;
    }

    /// <inheritdoc />
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
