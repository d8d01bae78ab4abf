using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>What takes several calls of the client.</summary>
internal static class FileOperations
{
    public const int ReadWrite = 2;
    public const int CreateExclusive = 0xC0;
    public const uint FileMode = 0x81A4;
    public const uint DirectoryMode = 0x41ED;
    public const uint SymlinkMode = 0xA1FF;
    private const int ReadBytesMax = 1 << 20;

    /// <summary>All of an open file.</summary>
    public static async Task<FsResult<byte[]>> ReadAllAsync(this IFileSystem files, InodeId inode, ulong handle)
    {
        var all = new List<byte>();
        var buffer = new byte[ReadBytesMax];
        while (true)
        {
            var read = await files.ReadAsync(inode, handle, all.Count, buffer, CancellationToken.None);
            if (read.IsError) return read.Error;
            all.AddRange(buffer.AsSpan(0, read.Value));
            if (read.Value < buffer.Length) return all.ToArray();
        }
    }

    /// <summary>Opens, reads all, closes.</summary>
    public static async Task<FsResult<byte[]>> ReadFileAsync(this IFileSystem files, InodeId inode)
    {
        var file = await files.OpenAsync(inode, 0, Caller.Root, CancellationToken.None);
        if (file.IsError) return file.Error;
        var content = await files.ReadAllAsync(inode, file.Value.Handle);
        await files.ReleaseAsync(inode, file.Value.Handle, CancellationToken.None);
        return content;
    }

    /// <summary>All entries of a directory but "." and "..", in the order of the listing.</summary>
    public static async Task<FsResult<List<ListedEntry>>> ReadDirectoryAsync(
        this IFileSystem files, InodeId directory, bool withAttributes)
    {
        var opened = await files.OpenDirectoryAsync(directory, CancellationToken.None);
        if (opened.IsError) return opened.Error;
        var all = new List<ListedEntry>();
        var cookie = 0UL;
        while (true)
        {
            var page = await files.ReadDirectoryAsync(
                directory, opened.Value.Handle, cookie, withAttributes, CancellationToken.None);
            if (page.IsError) return page.Error;
            if (page.Value.IsEmpty) break;
            foreach (var entry in page.Value.ToArray())
            {
                cookie = entry.Cookie;
                if (!entry.Name.Span.SequenceEqual("."u8) && !entry.Name.Span.SequenceEqual(".."u8))
                {
                    all.Add(entry with { Name = entry.Name.ToArray() });
                }
            }
        }

        files.ReleaseDirectory(directory, opened.Value.Handle);
        return all;
    }

    /// <summary>Makes a directory, or takes the one that is there.</summary>
    public static async Task<InodeId> EnsureDirectoryAsync(this IFileSystem files, InodeId parent, string name)
    {
        var found = await files.LookupAsync(parent, FsName.Of(name), CancellationToken.None);
        Answers.Check($"lookup {name}", found.Error, []);
        if (!found.Value.Attributes.Inode.IsNone) return found.Value.Attributes.Inode;
        var made = await files.MakeAsync(
            parent, FsName.Of(name), DirectoryMode, 0, default, Caller.Root, CancellationToken.None);
        Answers.Check($"mkdir {name}", made.Error, []);
        return made.Value.Attributes.Inode;
    }
}
