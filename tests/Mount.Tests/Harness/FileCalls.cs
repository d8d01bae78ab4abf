using System.Buffers.Binary;
using System.Text;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Primitives;

namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>
/// File system calls as a C program makes them, one call each; a failure is a <see cref="CallFailedException"/>.
/// </summary>
internal static class FileCalls
{
    public const int ReadOnly = Posix.ReadOnly, WriteOnly = Posix.WriteOnly, ReadWrite = Posix.ReadWrite;
    public const int CreateNew = Posix.Create | Posix.Exclusive;

    private const uint FileMode = 0x1A4;        // 0644
    private const uint DirectoryMode = 0x1ED;   // 0755
    private const int StatBytes = 256;
    private const int StatSizeAt = 48;          // struct stat of x86-64 and arm64
    private const int EntriesBytes = 32 * 1024;

    // A daemon that is started meanwhile must not have it open as well.
    public static int Open(string path, int flags) =>
        Check(Posix.Open(path, flags | Posix.CloseOnExec, FileMode), path);

    public static void Close(int file, string path) => Check(Posix.Close(file), path);

    /// <summary>Closes what may be the file of a daemon that is gone: the descriptor goes in any case.</summary>
    public static void CloseDead(int file) => _ = Posix.Close(file);

    public static void Write(int file, ReadOnlySpan<byte> data, long offset, string path)
    {
        var written = Posix.Write(file, data, data.Length, offset);
        if (written < 0) throw Failed(path);
        // A write that a kill met is short: the kernel counts the pages that the daemon had taken.
        if (written != data.Length) throw new CallFailedException(FsError.EIO, $"{path}: {written} of {data.Length}");
    }

    /// <summary>Bytes read; less than the buffer holds at the end of the file.</summary>
    public static int Read(int file, Span<byte> buffer, long offset, string path)
    {
        var read = Posix.Read(file, buffer, buffer.Length, offset);
        return read >= 0 ? (int)read : throw Failed(path);
    }

    public static void Sync(int file, string path) => Check(Posix.Sync(file), path);

    public static void SetLength(int file, long bytes, string path) => Check(Posix.SetLength(file, bytes), path);

    public static void MakeDirectory(string path) => Check(Posix.MakeDirectory(path, DirectoryMode), path);

    public static void RemoveDirectory(string path) => Check(Posix.RemoveDirectory(path), path);

    public static void Rename(string path, string newPath) => Check(Posix.Rename(path, newPath), path);

    public static void Unlink(string path) => Check(Posix.Unlink(path), path);

    public static void ChangeMode(string path, uint mode) => Check(Posix.ChangeMode(path, mode), path);

    /// <summary>Size of the file, bytes.</summary>
    public static long Stat(string path)
    {
        Span<byte> status = stackalloc byte[StatBytes];
        Check(Posix.Stat(path, status), path);
        return BinaryPrimitives.ReadInt64LittleEndian(status[StatSizeAt..]);
    }

    /// <summary>Names in a directory without "." and "..", in the order of the file system.</summary>
    public static List<string> List(string path)
    {
        const int LengthAt = 16, NameAt = 19;   // struct linux_dirent64
        var names = new List<string>();
        Span<byte> entries = stackalloc byte[EntriesBytes];
        var directory = Open(path, ReadOnly);
        try
        {
            while (true)
            {
                var bytes = Posix.ReadEntries(directory, entries, EntriesBytes);
                if (bytes < 0) throw Failed(path);
                if (bytes == 0) return names;
                for (var at = 0; at < bytes; at += BinaryPrimitives.ReadUInt16LittleEndian(entries[(at + LengthAt)..]))
                {
                    var name = entries[(at + NameAt)..];
                    var text = Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]);
                    if (text is not ("." or "..")) names.Add(text);
                }
            }
        }
        finally
        {
            CloseDead(directory);
        }
    }

    /// <summary>What df shows: bytes and inodes in use.</summary>
    public static (long UsedBytes, long UsedInodes) Space(string path)
    {
        Span<byte> space = stackalloc byte[StatBytes];
        Check(Posix.StatFileSystem(path, space), path);
        // struct statfs of 64-bit Linux: type, block size, blocks, free, available, files, free files.
        var blockBytes = Field(space, 1);
        return ((Field(space, 2) - Field(space, 3)) * blockBytes, Field(space, 5) - Field(space, 6));
    }

    private static long Field(ReadOnlySpan<byte> space, int index) =>
        BinaryPrimitives.ReadInt64LittleEndian(space[(index * sizeof(long))..]);

    private static int Check(int result, string path) => result >= 0 ? result : throw Failed(path);

    private static CallFailedException Failed(string path) => new((FsError)Posix.LastError, path);
}
