using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Model;

namespace ClaudeFs.Simulation.Tests.Workload;

// What changes and reads files.
internal sealed partial class PrivateDriver
{
    private const int ChunkBytes = 64 << 10;
    private const int ExtentBytes = 1 << 20;
    private const int FileBytesMax = ExtentBytes + (3 * ChunkBytes);

    private static readonly int[] Borders = [0, 0, 0, 4096, 4096, 8192, ChunkBytes, 2 * ChunkBytes, ExtentBytes];
    private static readonly int[] Lengths = [1, 100, 4095, 4096, 4097, ChunkBytes, ChunkBytes + 5000, 3 * ChunkBytes];

    private async Task WriteAsync()
    {
        if (DrawFile() is not { } file)
        {
            await CreateAsync();
            return;
        }

        var offset = DrawOffset(file);
        var data = new byte[Math.Min(DrawLength(), FileBytesMax - offset)];
        Random.NextBytes(data);
        if (await TryOpenAsync(file) is not { } handle) return;
        var operation = $"write {file.Inode} {data.Length} at {offset}";
        await DoAsync(operation, [], async () =>
        {
            var written = await Files.WriteAsync(
                file.Inode, handle, offset, data, false, Caller.Root, CancellationToken.None);
            if (written.IsError) return written.Error;
            Answers.That(written.Value == data.Length, $"{Name} {operation}", $"wrote {written.Value}");
            return FsError.None;
        }, () => file.Content.Write(offset, data, _tree.Changes));
        if (Random.Next(3) == 0) await CloseAsync(file);
    }

    private async Task ReadAsync()
    {
        if (DrawFile() is not { } file || await TryOpenAsync(file) is not { } handle) return;
        var offset = DrawOffset(file);
        var buffer = new byte[DrawLength()];
        var operation = $"read {file.Inode} {buffer.Length} at {offset}";
        await DoAsync(operation, [], async () =>
        {
            var read = await Files.ReadAsync(file.Inode, handle, offset, buffer, CancellationToken.None);
            if (read.IsError) return read.Error;
            var expected = file.Content.Bytes[Math.Min(offset, file.Content.SizeBytes)..];
            expected = expected[..Math.Min(expected.Length, buffer.Length)];
            Answers.That(read.Value == expected.Length, $"{Name} {operation}",
                $"read {read.Value}, expected {expected.Length} of {file.Content.SizeBytes}");
            var same = expected.CommonPrefixLength(buffer.AsSpan(0, read.Value));
            Answers.That(same == expected.Length, $"{Name} {operation}", $"differs at {offset + same}");
            return FsError.None;
        });
        if (Random.Next(3) == 0) await CloseAsync(file);
    }

    private Task StatAsync()
    {
        var node = Random.Next(3) == 0 ? DrawDirectory() : DrawFile() ?? _tree.Root;
        var operation = $"stat {node.Inode}";
        return DoAsync(operation, [], async () =>
        {
            var stat = await Files.GetAttributesAsync(node.Inode, CancellationToken.None);
            if (stat.IsError) return stat.Error;
            var found = stat.Value.Attributes;
            Answers.That(found.Inode == node.Inode && found.IsDirectory == node.IsDirectory, $"{Name} {operation}",
                $"answered for {found.Inode} of mode {found.Mode:x}");
            if (node != _tree.Root)
            {
                Answers.That(found.Nlink == node.StatLinks, $"{Name} {operation}",
                    $"{found.Nlink} links, expected {node.StatLinks}");
            }

            if (node.Kind == ModelKind.File)
            {
                Answers.That(found.SizeBytes == (ulong)node.Content.SizeBytes, $"{Name} {operation}",
                    $"size {found.SizeBytes}, expected {node.Content.SizeBytes}");
            }

            Answers.That(found.Ctime >= node.Changed, $"{Name} {operation}",
                $"changed at {found.Ctime} after it was changed at {node.Changed}");
            node.Changed = found.Ctime;
            return FsError.None;
        });
    }

    private Task TruncateAsync()
    {
        if (DrawFile() is not { } file) return CreateAsync();
        var size = Random.Next(4) == 0 ? 0 : Math.Min(DrawOffset(file), FileBytesMax);
        return DoAsync($"truncate {file.Inode} to {size}", [], async () =>
        {
            var change = new AttributesChange(AttributeMask.Size, 0, 0, 0, (ulong)size, default, default, default);
            return (await Files.SetAttributesAsync(file.Inode, change, Caller.Root, CancellationToken.None)).Error;
        }, () => file.Content.Truncate(size, _tree.Changes));
    }

    private Task SyncAsync()
    {
        if (DrawFile() is not { } file) return CreateAsync();
        return DoAsync($"fsync {file.Inode}", [],
            async () => Told(file, await Files.SyncAsync(file.Inode, Random.Next(2) == 0, CancellationToken.None)),
            () =>
            {
                file.Content.NoteSynced();
                _tree.NoteDurable();
            }, mayHaveHappened: false);
    }

    private Task SetXattrAsync()
    {
        if (DrawFile() is not { } file) return CreateAsync();
        var name = ModelNode.XattrNames[Random.Next(ModelNode.XattrNames.Length)];
        if (Random.Next(2) == 0) return GetXattrAsync(file, name);
        var value = new byte[Random.Next(200)];
        Random.NextBytes(value);
        return DoAsync($"setxattr {file.Inode} {name}", [], async () => (await Files.SetXattrAsync(
            file.Inode, FsName.Of(name), value, XattrMode.CreateOrReplace, Caller.Root, CancellationToken.None)).Error,
            () => file.Xattrs[name] = value);
    }

    private Task GetXattrAsync(ModelNode file, string name)
    {
        var expected = file.Xattrs.GetValueOrDefault(name);
        var operation = $"getxattr {file.Inode} {name}";
        return DoAsync(operation, expected is null ? [FsError.ENODATA] : [], async () =>
        {
            var found = await Files.GetXattrAsync(file.Inode, FsName.Of(name), CancellationToken.None);
            if (found.IsError) return found.Error;
            Answers.That(found.Value.Span.SequenceEqual(expected), $"{Name} {operation}", "another value");
            return FsError.None;
        });
    }

    // The file's first handle; opens it when there is none.
    private async Task<ulong?> TryOpenAsync(ModelNode file)
    {
        if (file.Handles.Count > 0) return file.Handles[0];
        var open = OpenNodes();
        if (open.Count >= OpenFilesMax) await CloseAsync(open[0]);
        await DoAsync($"open {file.Inode}", [], async () =>
        {
            var opened = await Files.OpenAsync(
                file.Inode, FileOperations.ReadWrite, Caller.Root, CancellationToken.None);
            if (!opened.IsError) file.Handles.Add(opened.Value.Handle);
            return opened.Error;
        });
        return file.Handles.Count > 0 ? file.Handles[0] : null;
    }

    private async Task CloseAsync(ModelNode file)
    {
        if (file.Handles.Count == 0) return;
        await DoAsync($"close {file.Inode}", [],
            async () => Told(file, await Files.FlushAsync(file.Inode, file.Handles[0], CancellationToken.None)));
        await CloseAllAsync(file);
    }

    private static FsError Told(ModelNode file, FsResult<Nothing> result)
    {
        file.IsLossTold |= result.IsError;
        return result.Error;
    }

    private int DrawOffset(ModelNode file)
    {
        var offset = Random.Next(10) switch
        {
            < 5 => Borders[Random.Next(Borders.Length)] + Random.Next(-9, 10),
            < 8 => Random.Next(file.Content.SizeBytes + 1),
            _ => Random.Next(3 * ChunkBytes),
        };
        return Math.Clamp(offset, 0, FileBytesMax - 1);
    }

    private int DrawLength() =>
        Random.Next(2) == 0 ? Lengths[Random.Next(Lengths.Length)] : 1 + Random.Next(3 * 4096);
}
