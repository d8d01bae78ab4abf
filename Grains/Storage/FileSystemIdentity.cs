using System.Buffers.Binary;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>What makes a file system this one; settings of the tables.</summary>
/// <param name="FileSystem">Random number: whose log and devices these are.</param>
/// <param name="Level">cluster.level: kinds of records above it are not written.</param>
/// <param name="Incarnation">cluster.incarnation: raised by a restore; part of inode generation and session
/// ids.</param>
/// <param name="NameKey">16 bytes: key of the hash of names.</param>
/// <param name="ChunkKey">32 bytes: key that names the chunks of the one tenant.</param>
public sealed record FileSystemIdentity(
    ulong FileSystem, uint Level, ulong Incarnation, ReadOnlyMemory<byte> NameKey, ReadOnlyMemory<byte> ChunkKey)
{
    /// <summary>The highest level that this version knows.</summary>
    public const uint CurrentLevel = LostContentLevel;

    /// <summary>The level of a new file system: what any version reads.</summary>
    public const uint FirstLevel = 1;

    /// <summary>From here on an extent may have pieces of the kind <see cref="PieceKind.Lost"/>.</summary>
    public const uint LostContentLevel = 2;

    private const string FileSystemSetting = "cluster.filesystem";
    private const string LevelSetting = "cluster.level";
    private const string IncarnationSetting = "cluster.incarnation";
    private const string NameKeySetting = "cluster.name_key";
    private const string ChunkKeySetting = "cluster.chunk_key";
    private const int NameKeyBytes = 16;
    private const int ChunkKeyBytes = 32;

    /// <summary>
    /// Reads it; null for tables of no file system yet. A level above this version's stops the reader.
    /// </summary>
    public static FileSystemIdentity? Read(IRowTable rows)
    {
        if (rows.FindSetting(FileSystemSetting) is not { } fileSystem) return null;
        var level = (uint)Number(rows, LevelSetting);
        if (level > CurrentLevel)
        {
            throw FormatVersion.Refuse($"{rows.Name}: the data directory (cluster.level)", level, CurrentLevel);
        }

        return new(BinaryPrimitives.ReadUInt64LittleEndian(fileSystem), level, Number(rows, IncarnationSetting),
            Bytes(rows, NameKeySetting, NameKeyBytes), Bytes(rows, ChunkKeySetting, ChunkKeyBytes));
    }

    /// <summary>
    /// Makes a new file system's identity and stores it. The number is written last: without it there is none.
    /// </summary>
    public static FileSystemIdentity Create(IRowTable rows, IIdSource ids, ulong? fileSystem = null)
    {
        var (nameKey, chunkKey) = (new byte[NameKeyBytes], new byte[ChunkKeyBytes]);
        ids.Fill(nameKey);
        ids.Fill(chunkKey);
        var identity = new FileSystemIdentity(fileSystem ?? ids.NextId(), FirstLevel, 1, nameKey, chunkKey);
        identity.Store(rows);
        return identity;
    }

    /// <summary>Stores it in tables that have none; the number last: without it there is none.</summary>
    internal void Store(IRowTable rows)
    {
        rows.SetSetting(NameKeySetting, NameKey.Span);
        rows.SetSetting(ChunkKeySetting, ChunkKey.Span);
        SetNumber(rows, LevelSetting, Level);
        SetNumber(rows, IncarnationSetting, Incarnation);
        SetNumber(rows, FileSystemSetting, FileSystem);
    }

    private static ulong Number(IRowTable rows, string name) =>
        BinaryPrimitives.ReadUInt64LittleEndian(Bytes(rows, name, sizeof(ulong)));

    private static byte[] Bytes(IRowTable rows, string name, int length) =>
        rows.FindSetting(name) is { } value && value.Length == length
            ? value
            : throw new FsException(FsError.EIO, $"{rows.Name}: the setting {name} is missing or damaged");

    private static void SetNumber(IRowTable rows, string name, ulong value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        rows.SetSetting(name, bytes);
    }
}
