using System.Text;
using ClaudeFs.Grains;
using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Systems;

// What looks at or changes one inode by its path.
internal sealed partial class LibrarySystem
{
    private async ValueTask<Outcome> RunNodeAsync(Operation op)
    {
        var follows = op.Kind is OperationKind.StatFollow or OperationKind.Truncate or OperationKind.ChangeMode
            or OperationKind.SetTimes or OperationKind.ReadFile or OperationKind.SyncDirectory or OperationKind.List;
        if (op.Kind == OperationKind.Truncate && op.Length < 0) return FsError.EINVAL;
        if (op.Kind == OperationKind.SetXattr && op.Length > Limits.XattrValueBytesMax) return FsError.E2BIG;
        var found = await _walkers[op.Client].FindAsync(_root, op.Path, follows);
        if (found.IsError) return found.Error;
        var now = found.Value.Attributes;
        return op.Kind switch
        {
            OperationKind.Stat or OperationKind.StatFollow => await StatAsync(op, now.Inode),
            OperationKind.ReadLink => await ReadLinkAsync(op, now.Inode),
            OperationKind.List => await ListAsync(op, now),
            OperationKind.SyncDirectory => now.IsDirectory
                ? (await _clients[op.Client].SyncAsync(now.Inode, dataOnly: false, CancellationToken.None)).Error
                : FsError.ENOTDIR,
            OperationKind.Truncate => await SetAsync(op, now.Inode, SizeOf(op)),
            OperationKind.ReadFile => await ReadFileAsync(op, now),
            OperationKind.ChangeMode => await SetAsync(op, now.Inode, ModeOf(op)),
            OperationKind.ChangeOwner => await SetAsync(op, now.Inode, new()
            {
                Mask = AttributeMask.Uid | AttributeMask.Gid, Uid = (uint)op.Uid, Gid = (uint)op.Gid,
            }),
            OperationKind.SetTimes => await SetAsync(op, now.Inode, TimesOf(op)),
            _ => await RunXattrAsync(op, now),
        };
    }

    private static AttributesChange SizeOf(Operation op) =>
        new() { Mask = AttributeMask.Size, SizeBytes = (ulong)op.Length };

    private static AttributesChange ModeOf(Operation op) => new() { Mask = AttributeMask.Mode, Mode = (uint)op.Mode };

    private static AttributesChange TimesOf(Operation op)
    {
        const long NanosecondsPerSecond = 1_000_000_000;
        var atime = op.Offset switch
        {
            Times.Omit => AttributeMask.None,
            Times.Now => AttributeMask.AtimeNow,
            _ => AttributeMask.Atime,
        };
        var mtime = op.Length switch
        {
            Times.Omit => AttributeMask.None,
            Times.Now => AttributeMask.MtimeNow,
            _ => AttributeMask.Mtime,
        };
        return new()
        {
            Mask = atime | mtime, Atime = new(op.Offset * NanosecondsPerSecond),
            Mtime = new(op.Length * NanosecondsPerSecond),
        };
    }

    private async ValueTask<FsError> SetAsync(Operation op, InodeId inode, AttributesChange change) =>
        (await _clients[op.Client].SetAttributesAsync(inode, change, Caller.Root, CancellationToken.None)).Error;

    private async ValueTask<Outcome> StatAsync(Operation op, InodeId inode)
    {
        var node = await _clients[op.Client].GetAttributesAsync(inode, CancellationToken.None);
        return node.IsError ? node.Error : View(node.Value.Attributes);
    }

    private async ValueTask<Outcome> ReadLinkAsync(Operation op, InodeId inode)
    {
        var target = await _clients[op.Client].ReadLinkAsync(inode, CancellationToken.None);
        return target.IsError ? target.Error : new Outcome { Text = Encoding.UTF8.GetString(target.Value.Span) };
    }

    private async ValueTask<Outcome> ListAsync(Operation op, InodeAttributes now)
    {
        if (!now.IsDirectory) return FsError.ENOTDIR;
        var client = _clients[op.Client];
        var opened = await client.OpenDirectoryAsync(now.Inode, CancellationToken.None);
        if (opened.IsError) return opened.Error;
        var names = new List<ListedName>();
        try
        {
            for (var cookie = 0UL; ;)
            {
                var page = await client.ReadDirectoryAsync(
                    now.Inode, opened.Value.Handle, cookie, op.Look == 0, CancellationToken.None);
                if (page.IsError) return page.Error;
                if (page.Value.IsEmpty) break;
                foreach (ref readonly var entry in page.Value.Span)
                {
                    var name = Encoding.UTF8.GetString(entry.Name.Span);
                    if (name is not ("." or "..")) names.Add(new(name, entry.Inode.Value, entry.Type));
                    cookie = entry.Cookie;
                }
            }
        }
        finally
        {
            client.ReleaseDirectory(now.Inode, opened.Value.Handle);
        }

        return new Outcome { Names = [.. names.OrderBy(static n => n.Name, StringComparer.Ordinal)] };
    }

    private async ValueTask<Outcome> ReadFileAsync(Operation op, InodeAttributes now)
    {
        if (now.IsDirectory) return FsError.EISDIR;
        if (!now.IsRegular) return FsError.ENXIO;
        var client = _clients[op.Client];
        var opened = await client.OpenAsync(now.Inode, OpenFlags.ReadOnly, Caller.Root, CancellationToken.None);
        if (opened.IsError) return opened.Error;
        var file = new OpenFile(now.Inode, opened.Value.Handle, OpenFlags.ReadOnly);
        var outcome = await ReadAsync(file, op);
        var released = await client.ReleaseAsync(now.Inode, file.Handle, CancellationToken.None);
        return released.IsError ? released.Error : outcome;
    }

    private async ValueTask<Outcome> RunXattrAsync(Operation op, InodeAttributes now)
    {
        // Source: xattr_permission in fs/xattr.c.
        var isForbidden = op.Other.StartsWith("user.", StringComparison.Ordinal) && !now.IsRegular && !now.IsDirectory;
        if (isForbidden) return op.Kind == OperationKind.GetXattr ? FsError.ENODATA : FsError.EPERM;
        var client = _clients[op.Client];
        switch (op.Kind)
        {
            case OperationKind.SetXattr:
                return (await client.SetXattrAsync(
                    now.Inode, FsName.Of(op.Other), op.Bytes(), (XattrMode)op.Flags, Caller.Root,
                    CancellationToken.None)).Error;
            case OperationKind.GetXattr:
                var value = await client.GetXattrAsync(now.Inode, FsName.Of(op.Other), CancellationToken.None);
                if (value.IsError) return value.Error;
                if (op.Length == 0) return new Outcome { Value = value.Value.Length };
                return value.Value.Length > op.Length ? FsError.ERANGE : new Outcome { Bytes = value.Value.ToArray() };
            case OperationKind.ListXattr:
                var names = await client.ListXattrAsync(now.Inode, CancellationToken.None);
                return names.IsError ? names.Error : new Outcome { Text = CallSystem.NamesOf(names.Value.Span) };
            default:
                return (await client.RemoveXattrAsync(
                    now.Inode, FsName.Of(op.Other), Caller.Root, CancellationToken.None)).Error;
        }
    }
}
