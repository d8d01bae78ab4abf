using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Systems;

// Open files.
internal sealed partial class LibrarySystem
{
    private async ValueTask<Outcome> RunFileAsync(Operation op)
    {
        if (op.Kind is OperationKind.Read or OperationKind.Write && op.Offset < 0) return FsError.EINVAL;
        if (op.Kind == OperationKind.FTruncate && op.Length < 0) return FsError.EINVAL;
        if (_files[op.Slot] is not { } file) return FsError.EBADF;
        var client = _clients[op.Client];
        return op.Kind switch
        {
            OperationKind.Close => await CloseAsync(op.Slot),
            OperationKind.FStat => await StatAsync(op, file.Inode),
            OperationKind.Read => OpenFlags.CanRead(file.Flags) ? await ReadAsync(file, op) : FsError.EBADF,
            OperationKind.Write => OpenFlags.CanWrite(file.Flags) ? await WriteAsync(file, op) : FsError.EBADF,
            OperationKind.Sync => (await client.SyncAsync(file.Inode, op.Flags == 1, CancellationToken.None)).Error,
            OperationKind.FTruncate => OpenFlags.CanWrite(file.Flags)
                ? await SetAsync(op, file.Inode, SizeOf(op)) : FsError.EINVAL,
            OperationKind.Allocate => await AllocateAsync(file, op),
            OperationKind.SeekData => await SeekAsync(file, op, SeekWhence.Data),
            OperationKind.SeekHole => await SeekAsync(file, op, SeekWhence.Hole),
            OperationKind.CopyRange => _files[op.OtherSlot] is { } target
                ? await CopyAsync(file, target, op) : FsError.EBADF,
            OperationKind.FChangeMode => await SetAsync(op, file.Inode, ModeOf(op)),
            OperationKind.FSetTimes => op.SetsNoTime() ? Outcome.Done : await SetAsync(op, file.Inode, TimesOf(op)),
            _ => throw new ArgumentOutOfRangeException(nameof(op), op.Kind, "unknown operation"),
        };
    }

    private async ValueTask<Outcome> OpenAsync(Operation op)
    {
        var (makes, isExclusive) = (op.Kind == OperationKind.Create, (op.Flags & OpenFlags.Exclusive) != 0);
        var follows = (op.Flags & OpenFlags.NoFollow) == 0 && !(makes && isExclusive);
        var walked = await _walkers[op.Client].WalkAsync(_root, op.Path, follows);
        if (walked.IsError) return walked.Error;
        var (directory, name, node) = walked.Value;
        var opened = await (makes ? CreateAsync(op, directory, name, node) : OpenAsync(op, node));
        if (opened.IsError) return opened.Error;
        if (_files[op.Slot] is not null) await CloseAsync(op.Slot);
        _files[op.Slot] = opened.Value;
        return Outcome.Done;
    }

    // The kernel sends CREATE for a name that it does not know, and OPEN for one that it does.
    private async ValueTask<FsResult<OpenFile>> CreateAsync(
        Operation op, LibraryNode directory, FsName name, LibraryNode? node)
    {
        var isExclusive = (op.Flags & OpenFlags.Exclusive) != 0;
        if (node is not null) return isExclusive ? FsError.EEXIST : await OpenAsync(op, node);
        var created = await _clients[op.Client].CreateAsync(
            directory.Inode, name, (uint)op.Mode, op.Flags, Caller.Root, CancellationToken.None);
        if (created.IsError) return created.Error;
        return new OpenFile(created.Value.Node.Attributes.Inode, created.Value.File.Handle, op.Flags);
    }

    private async ValueTask<FsResult<OpenFile>> OpenAsync(Operation op, LibraryNode? node)
    {
        if (node is null) return FsError.ENOENT;
        if (FileMode.IsSymlink(node.Attributes.Mode)) return FsError.ELOOP;
        if (node.Attributes.IsDirectory) return FsError.EISDIR;
        if (!node.Attributes.IsRegular) return FsError.ENXIO;
        var opened = await _clients[op.Client].OpenAsync(node.Inode, op.Flags, Caller.Root, CancellationToken.None);
        return opened.IsError ? opened.Error : new OpenFile(node.Inode, opened.Value.Handle, op.Flags);
    }

    private async ValueTask<Outcome> CloseAsync(int slot)
    {
        var (client, file) = (_clients[slot / Operation.SlotsPerClient], _files[slot]!);
        _files[slot] = null;
        var flushed = await client.FlushAsync(file.Inode, file.Handle, CancellationToken.None);
        var released = await client.ReleaseAsync(file.Inode, file.Handle, CancellationToken.None);
        return flushed.IsError ? flushed.Error : released.Error;
    }

    private async ValueTask<Outcome> ReadAsync(OpenFile file, Operation op)
    {
        var bytes = new byte[op.Length];
        var read = await _clients[op.Client].ReadAsync(
            file.Inode, file.Handle, op.Offset, bytes, CancellationToken.None);
        return read.IsError ? read.Error : new Outcome { Bytes = bytes[..read.Value] };
    }

    private async ValueTask<Outcome> WriteAsync(OpenFile file, Operation op)
    {
        if (op.Length == 0) return new Outcome { Value = 0 };
        var offset = (file.Flags & OpenFlags.Append) != 0 ? IFileSystem.AtEnd : op.Offset;
        var written = await _clients[op.Client].WriteAsync(
            file.Inode, file.Handle, offset, op.Bytes(), killPrivileges: false, Caller.Root, CancellationToken.None);
        return written.IsError ? written.Error : new Outcome { Value = written.Value };
    }

    private async ValueTask<Outcome> AllocateAsync(OpenFile file, Operation op)
    {
        // Arguments come before the descriptor's mode. Source: vfs_fallocate.
        if (OpenFlags.CanWrite(file.Flags))
        {
            return (await _clients[op.Client].AllocateAsync(
                file.Inode, file.Handle, (AllocateMode)op.Flags, op.Offset, op.Length, Caller.Root,
                CancellationToken.None)).Error;
        }

        if (op.Offset < 0 || op.Length <= 0) return FsError.EINVAL;
        return op.Flags is 0 or 1 or 3 or 16 or 17 ? FsError.EBADF : FsError.EOPNOTSUPP;
    }

    private async ValueTask<Outcome> SeekAsync(OpenFile file, Operation op, SeekWhence whence)
    {
        var found = await _clients[op.Client].SeekAsync(
            file.Inode, file.Handle, op.Offset, whence, CancellationToken.None);
        return found.IsError ? found.Error : new Outcome { Value = found.Value };
    }

    private async ValueTask<Outcome> CopyAsync(OpenFile source, OpenFile target, Operation op)
    {
        var isAppend = (target.Flags & OpenFlags.Append) != 0;
        if (!OpenFlags.CanRead(source.Flags) || !OpenFlags.CanWrite(target.Flags) || isAppend) return FsError.EBADF;
        var client = _clients[op.Client];
        if (source.Inode == target.Inode)
        {
            var now = await client.GetAttributesAsync(source.Inode, CancellationToken.None);
            if (now.IsError) return now.Error;
            var count = Math.Clamp((long)now.Value.Attributes.SizeBytes - op.Offset, 0, op.Length);
            if (op.OtherOffset + count > op.Offset && op.OtherOffset < op.Offset + count) return FsError.EINVAL;
        }

        var copied = await client.CopyRangeAsync(
            source.Inode, source.Handle, op.Offset, target.Inode, target.Handle, op.OtherOffset, op.Length,
            Caller.Root, CancellationToken.None);
        return copied.IsError ? copied.Error : new Outcome { Value = copied.Value };
    }
}
