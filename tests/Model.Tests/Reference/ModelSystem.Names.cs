using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Reference;

// What changes directories. The order of the checks is that of fs/namei.c.
internal sealed partial class ModelSystem
{
    private async ValueTask<Outcome> RunNameAsync(Operation op) => op.Kind switch
    {
        OperationKind.MakeDirectory => await MakeAsync(op, op.DirectoryMode()),
        OperationKind.MakeNode => await MakeAsync(op, (uint)op.Mode),
        OperationKind.Symlink => await MakeAsync(op, FileMode.Symlink | 0x1FF),
        OperationKind.Link => await LinkAsync(op),
        OperationKind.Unlink => await RemoveAsync(op, isDirectory: false),
        OperationKind.RemoveDirectory => await RemoveAsync(op, isDirectory: true),
        _ => await RenameAsync(op),
    };

    private async ValueTask<FsError> MakeAsync(Operation op, uint mode)
    {
        if (FileMode.IsSymlink(mode))
        {
            if (op.Other.Length == 0) return FsError.ENOENT;
            if (op.Other.Length > Limits.SymlinkBytesMax) return FsError.ENAMETOOLONG;
        }

        var walked = await WalkAsync(Root, op.Path, follow: false);
        if (walked.IsError) return walked.Error;
        Touch(walked.Value.Directory);
        if (walked.Value.Node is not null) return FsError.EEXIST;
        Make(walked.Value, mode, op.Other, (ulong)op.Data);
        return FsError.None;
    }

    private ModelNode Make(Place<ModelNode> place, uint mode, string target = "", ulong rdev = 0)
    {
        var directory = place.Directory;
        var inherits = (directory.Mode & FileMode.SetGid) != 0;
        if (inherits && FileMode.IsDirectory(mode)) mode |= FileMode.SetGid;
        var isDevice = (mode & FileMode.TypeMask) is FileMode.CharacterDevice or FileMode.BlockDevice;
        var made = New(mode, target, isDevice ? rdev : 0, inherits ? directory.Gid : 0);
        made.Modify();
        made.Atime = made.Atime.Moved();
        Enter(directory, place.Name.ToString(), made);
        directory.Modify();
        Touch(made);
        return made;
    }

    private async ValueTask<FsError> LinkAsync(Operation op)
    {
        var target = await FindAsync(Root, op.Path, follow: false);
        if (target.IsError) return target.Error;
        var walked = await WalkAsync(Root, op.Other, follow: false);
        if (walked.IsError) return walked.Error;
        Touch(target.Value, walked.Value.Directory);
        if (walked.Value.Node is not null) return FsError.EEXIST;
        if (target.Value.IsDirectory) return FsError.EPERM;
        target.Value.Nlink++;
        target.Value.Change();
        Enter(walked.Value.Directory, walked.Value.Name.ToString(), target.Value);
        walked.Value.Directory.Modify();
        return FsError.None;
    }

    private async ValueTask<FsError> RemoveAsync(Operation op, bool isDirectory)
    {
        var walked = await WalkAsync(Root, op.Path, follow: false);
        if (walked.IsError) return walked.Error;
        var (directory, name, victim) = walked.Value;
        Touch(directory);
        if (victim is null) return FsError.ENOENT;
        Touch(victim);
        if (isDirectory && !victim.IsDirectory) return FsError.ENOTDIR;
        if (!isDirectory && victim.IsDirectory) return FsError.EISDIR;
        if (isDirectory && victim.Entries.Count > 0) return FsError.ENOTEMPTY;
        Leave(directory, name.ToString());
        directory.Modify();
        Unlink(victim);
        return FsError.None;
    }

    private async ValueTask<FsError> RenameAsync(Operation op)
    {
        var old = await WalkParentAsync(op.Path);
        if (old.IsError) return old.Error;
        var next = await WalkParentAsync(op.Other);
        if (next.IsError) return next.Error;
        var ((from, oldName), (to, newName)) = (old.Value, next.Value);
        Touch(from, to);
        if (oldName.Length > Limits.NameBytesMax) return FsError.ENAMETOOLONG;
        var source = from.Entries.GetValueOrDefault(oldName);
        if (source is null) return FsError.ENOENT;
        if (newName.Length > Limits.NameBytesMax) return FsError.ENAMETOOLONG;
        var target = to.Entries.GetValueOrDefault(newName);
        var error = CheckRename(op.Kind, from, source, to, target);
        if (error != FsError.None || source == target) return error;
        Move(op.Kind, (from, oldName, source), (to, newName, target));
        return FsError.None;
    }

    private static FsError CheckRename(
        OperationKind kind, ModelNode from, ModelNode source, ModelNode to, ModelNode? target)
    {
        var isExchange = kind == OperationKind.RenameExchange;
        if (kind == OperationKind.RenameNoReplace && target is not null) return FsError.EEXIST;
        if (isExchange && target is null) return FsError.ENOENT;
        if (source.IsDirectory && to.IsWithin(source)) return FsError.EINVAL;
        if (target is { IsDirectory: true } && from.IsWithin(target))
        {
            return isExchange ? FsError.EINVAL : FsError.ENOTEMPTY;
        }

        if (target is null || isExchange || target == source) return FsError.None;
        if (source.IsDirectory && !target.IsDirectory) return FsError.ENOTDIR;
        if (!source.IsDirectory && target.IsDirectory) return FsError.EISDIR;
        return target.Entries.Count > 0 ? FsError.ENOTEMPTY : FsError.None;
    }

    private void Move(
        OperationKind kind, (ModelNode Directory, string Name, ModelNode Node) old,
        (ModelNode Directory, string Name, ModelNode? Node) next)
    {
        Leave(old.Directory, old.Name);
        if (next.Node is not null)
        {
            Touch(next.Node);
            Leave(next.Directory, next.Name);
        }

        Enter(next.Directory, next.Name, old.Node);
        old.Directory.Modify();
        if (next.Directory != old.Directory) next.Directory.Modify();
        old.Node.Change();
        Touch(old.Node);
        if (next.Node is null) return;
        if (kind != OperationKind.RenameExchange)
        {
            Unlink(next.Node);
            return;
        }

        Enter(old.Directory, old.Name, next.Node);
        next.Node.Change();
    }

    // A rename looks at names only when both directories are found.
    private async ValueTask<FsResult<(ModelNode Directory, string Name)>> WalkParentAsync(string path)
    {
        var slash = path.LastIndexOf('/');
        var directory = await FindAsync(Root, slash < 0 ? "" : path[..slash], follow: true);
        if (directory.IsError) return directory.Error;
        if (!directory.Value.IsDirectory) return FsError.ENOTDIR;
        return (directory.Value, path[(slash + 1)..]);
    }

    private static void Unlink(ModelNode victim)
    {
        victim.Nlink = victim.IsDirectory ? 0 : victim.Nlink - 1;
        victim.Change();
    }
}
