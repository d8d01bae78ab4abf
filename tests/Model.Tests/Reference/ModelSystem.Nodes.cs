using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Reference;

// What looks at or changes one inode by its path.
internal sealed partial class ModelSystem
{
    private static readonly string[] XattrPrefixes = ["user.", "trusted.", "security."];

    private async ValueTask<Outcome> RunNodeAsync(Operation op)
    {
        var follows = op.Kind is OperationKind.StatFollow or OperationKind.Truncate or OperationKind.ChangeMode
            or OperationKind.SetTimes or OperationKind.ReadFile or OperationKind.SyncDirectory or OperationKind.List;
        if (op.Kind == OperationKind.Truncate && op.Length < 0) return FsError.EINVAL;
        if (op.Kind == OperationKind.SetXattr && op.Length > Limits.XattrValueBytesMax) return FsError.E2BIG;
        var found = await FindAsync(Root, op.Path, follows);
        if (found.IsError) return found.Error;
        var node = found.Value;
        Touch(node);
        return op.Kind switch
        {
            OperationKind.Stat or OperationKind.StatFollow => new Outcome { Stat = View(node) },
            OperationKind.ReadLink => node.IsSymlink ? new Outcome { Text = node.Target } : FsError.EINVAL,
            OperationKind.List => List(node),
            OperationKind.SyncDirectory => node.IsDirectory ? Outcome.Done : FsError.ENOTDIR,
            OperationKind.Truncate => Truncate(node, op.Length, isByPath: true),
            OperationKind.ReadFile => ReadFile(node, op),
            OperationKind.ChangeMode => ChangeMode(node, op),
            OperationKind.ChangeOwner => ChangeOwner(node, op),
            OperationKind.SetTimes => SetTimes(node, op),
            OperationKind.SetXattr => SetXattr(node, op),
            OperationKind.GetXattr => GetXattr(node, op),
            OperationKind.ListXattr => new Outcome { Text = string.Join(',', node.Xattrs.Keys) },
            OperationKind.RemoveXattr => RemoveXattr(node, op),
            _ => throw new ArgumentOutOfRangeException(nameof(op), op.Kind, "not an operation on a path"),
        };
    }

    private static Outcome List(ModelNode node)
    {
        if (!node.IsDirectory) return FsError.ENOTDIR;
        var names = node.Entries.Select(static entry =>
            new ListedName(entry.Key, (ulong)entry.Value.Number, FileMode.DirentType(entry.Value.Mode)));
        return new Outcome { Names = [.. names] };
    }

    private static Outcome ReadFile(ModelNode node, Operation op)
    {
        if (node.IsDirectory) return FsError.EISDIR;
        if (!node.IsRegular) return FsError.ENXIO;
        return new Outcome { Bytes = node.Content.Read(op.Offset, op.Length) };
    }

    private static FsError Truncate(ModelNode node, long sizeBytes, bool isByPath)
    {
        if (node.IsDirectory) return FsError.EISDIR;
        if (!node.IsRegular) return FsError.EINVAL;
        if (sizeBytes > (long)Limits.FileBytesMax) return FsError.EFBIG;
        // By path and to the size it has: whether times move is the file system's matter.
        if (!isByPath || sizeBytes != node.SizeBytes) node.Modify();
        else (node.Mtime, node.Ctime) = (node.Mtime.MaybeMoved(), node.Ctime.MaybeMoved());
        node.Content.Truncate(sizeBytes);
        return FsError.None;
    }

    private static FsError ChangeMode(ModelNode node, Operation op)
    {
        node.Mode = (node.Mode & FileMode.TypeMask) | (uint)op.Mode;
        node.Change();
        return FsError.None;
    }

    // Set-id bits go, whoever does it. Source: chown_common and setattr_should_drop_sgid.
    private static FsError ChangeOwner(ModelNode node, Operation op)
    {
        (node.Uid, node.Gid) = ((uint)op.Uid, (uint)op.Gid);
        node.Change();
        if (node.IsDirectory) return FsError.None;
        node.Mode &= ~FileMode.SetUid;
        if ((node.Mode & 8) != 0) node.Mode &= ~FileMode.SetGid;
        return FsError.None;
    }

    private static FsError SetTimes(ModelNode node, Operation op)
    {
        if (op.SetsNoTime()) return FsError.None;
        node.Change();
        node.Atime = Set(node.Atime, op.Offset);
        node.Mtime = Set(node.Mtime, op.Length);
        return FsError.None;
    }

    private static ModelTime Set(ModelTime time, long seconds) => seconds switch
    {
        Times.Omit => time,
        Times.Now => time.Moved(),
        _ => time.Set(seconds),
    };

    // user. is for files and directories only. Source: xattr_permission in fs/xattr.c.
    private static bool IsForbidden(ModelNode node, string name) =>
        name.StartsWith("user.", StringComparison.Ordinal) && !node.IsRegular && !node.IsDirectory;

    private static Outcome SetXattr(ModelNode node, Operation op)
    {
        if (IsForbidden(node, op.Other)) return FsError.EPERM;
        if (!IsKnown(op.Other)) return FsError.EOPNOTSUPP;
        if (XattrPrefixes.Contains(op.Other)) return FsError.EINVAL;
        var had = node.Xattrs.ContainsKey(op.Other);
        if (op.Flags == 1 && had) return FsError.EEXIST;
        if (op.Flags == 2 && !had) return FsError.ENODATA;
        node.Xattrs[op.Other] = op.Bytes();
        node.Change();
        return FsError.None;
    }

    private static bool IsKnown(string name) =>
        XattrPrefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal));

    private static Outcome GetXattr(ModelNode node, Operation op)
    {
        if (IsForbidden(node, op.Other)) return FsError.ENODATA;
        if (!IsKnown(op.Other)) return FsError.EOPNOTSUPP;
        if (!node.Xattrs.TryGetValue(op.Other, out var value)) return FsError.ENODATA;
        if (op.Length == 0) return new Outcome { Value = value.Length };
        return value.Length > op.Length ? FsError.ERANGE : new Outcome { Bytes = value };
    }

    private static Outcome RemoveXattr(ModelNode node, Operation op)
    {
        if (IsForbidden(node, op.Other)) return FsError.EPERM;
        if (!IsKnown(op.Other)) return FsError.EOPNOTSUPP;
        if (!node.Xattrs.Remove(op.Other)) return FsError.ENODATA;
        node.Change();
        return FsError.None;
    }
}
