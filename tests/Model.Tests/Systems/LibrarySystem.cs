using System.Text;
using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Systems;

/// <summary>
/// Two clients of the library in one directory. What the kernel does for a mount - path resolution, checks of
/// descriptors and of arguments - is done here, and is what the mount and the local file system check.
/// </summary>
internal sealed partial class LibrarySystem : ITestedSystem
{
    private readonly IFileSystem[] _clients;
    private readonly LibraryWalker[] _walkers;
    private readonly LibraryNode _root;
    private readonly OpenFile?[] _files = new OpenFile?[Operation.Clients * Operation.SlotsPerClient];

    private LibrarySystem(IFileSystem[] clients, LibraryNode root)
    {
        _clients = clients;
        _walkers = [.. clients.Select(static client => new LibraryWalker(client))];
        _root = root;
    }

    public SystemKind Kind => SystemKind.Library;

    /// <summary>Makes the directory; names of directories are never used twice.</summary>
    public static async ValueTask<LibrarySystem> StartAsync(string directory, params IFileSystem[] clients)
    {
        var made = await clients[0].MakeAsync(
            InodeId.Root, FsName.Of(directory), FileMode.Directory | 0x1ED, 0, default, Caller.Root,
            CancellationToken.None);
        Assert.Equal(FsError.None, made.Error);
        return new(clients, new(made.Value.Attributes));
    }

    // The directory stays, as the file system ends with the run.
    public async ValueTask DisposeAsync()
    {
        for (var slot = 0; slot < _files.Length; slot++)
        {
            if (_files[slot] is not null) await CloseAsync(slot);
        }
    }

    public async ValueTask<Outcome> RunAsync(Operation op) => op.Kind switch
    {
        OperationKind.SetTimes when op.SetsNoTime() => Outcome.Done,
        OperationKind.MakeDirectory => await MakeAsync(op, op.DirectoryMode()),
        OperationKind.MakeNode => await MakeAsync(op, (uint)op.Mode),
        OperationKind.Symlink => await MakeAsync(op, FileMode.Symlink | 0x1FF),
        OperationKind.Link => await LinkAsync(op),
        OperationKind.Rename => await RenameAsync(op, RenameFlags.None),
        OperationKind.RenameNoReplace => await RenameAsync(op, RenameFlags.NoReplace),
        OperationKind.RenameExchange => await RenameAsync(op, RenameFlags.Exchange),
        OperationKind.Unlink or OperationKind.RemoveDirectory => await RemoveAsync(op),
        OperationKind.SpaceStat => (await _clients[op.Client].GetSpaceAsync(CancellationToken.None)).Error,
        OperationKind.Audit => Outcome.Done,
        OperationKind.Create or OperationKind.Open => await OpenAsync(op),
        OperationKind.Close or OperationKind.Read or OperationKind.Write or OperationKind.Sync
            or OperationKind.FTruncate or OperationKind.Allocate or OperationKind.SeekData
            or OperationKind.SeekHole or OperationKind.CopyRange or OperationKind.FStat
            or OperationKind.FChangeMode or OperationKind.FSetTimes => await RunFileAsync(op),
        _ => await RunNodeAsync(op),
    };

    private async ValueTask<FsError> MakeAsync(Operation op, uint mode)
    {
        if (FileMode.IsSymlink(mode) && op.Other.Length == 0) return FsError.ENOENT;
        if (op.Other.Length > Limits.SymlinkBytesMax) return FsError.ENAMETOOLONG;
        var walked = await _walkers[op.Client].WalkAsync(_root, op.Path, follow: false);
        if (walked.IsError) return walked.Error;
        var made = await _clients[op.Client].MakeAsync(
            walked.Value.Directory.Inode, walked.Value.Name, mode, (uint)op.Data, Encoding.UTF8.GetBytes(op.Other),
            Caller.Root, CancellationToken.None);
        return made.Error;
    }

    private async ValueTask<FsError> LinkAsync(Operation op)
    {
        var target = await _walkers[op.Client].FindAsync(_root, op.Path, follow: false);
        if (target.IsError) return target.Error;
        var walked = await _walkers[op.Client].WalkAsync(_root, op.Other, follow: false);
        if (walked.IsError) return walked.Error;
        var linked = await _clients[op.Client].LinkAsync(
            target.Value.Inode, walked.Value.Directory.Inode, walked.Value.Name, Caller.Root, CancellationToken.None);
        return linked.Error;
    }

    private async ValueTask<FsError> RenameAsync(Operation op, RenameFlags flags)
    {
        var old = await WalkParentAsync(op, op.Path);
        if (old.IsError) return old.Error;
        var next = await WalkParentAsync(op, op.Other);
        if (next.IsError) return next.Error;
        var error = FsName.TryParse(Encoding.UTF8.GetBytes(old.Value.Name), out var oldName);
        if (error != FsError.None) return error;
        error = FsName.TryParse(Encoding.UTF8.GetBytes(next.Value.Name), out var newName);
        if (error != FsError.None)
        {
            // The kernel looks the old name up first.
            var found = await _clients[op.Client].LookupAsync(old.Value.Directory, oldName, CancellationToken.None);
            return found.IsError ? found.Error : found.Value.Attributes.Inode.IsNone ? FsError.ENOENT : error;
        }

        var renamed = await _clients[op.Client].RenameAsync(
            old.Value.Directory, oldName, next.Value.Directory, newName, flags, Caller.Root, CancellationToken.None);
        return renamed.Error;
    }

    private async ValueTask<FsResult<(InodeId Directory, string Name)>> WalkParentAsync(Operation op, string path)
    {
        var slash = path.LastIndexOf('/');
        var directory = await _walkers[op.Client].FindAsync(_root, slash < 0 ? "" : path[..slash], follow: true);
        if (directory.IsError) return directory.Error;
        if (!directory.Value.Attributes.IsDirectory) return FsError.ENOTDIR;
        return (directory.Value.Inode, path[(slash + 1)..]);
    }

    private async ValueTask<FsError> RemoveAsync(Operation op)
    {
        var walked = await _walkers[op.Client].WalkAsync(_root, op.Path, follow: false);
        if (walked.IsError) return walked.Error;
        var (directory, name) = (walked.Value.Directory.Inode, walked.Value.Name);
        var client = _clients[op.Client];
        var removed = op.Kind == OperationKind.Unlink
            ? await client.UnlinkAsync(directory, name, Caller.Root, CancellationToken.None)
            : await client.RemoveDirectoryAsync(directory, name, Caller.Root, CancellationToken.None);
        return removed.Error;
    }

    private static Outcome View(in InodeAttributes now) => new()
    {
        Stat = new(
            now.Inode.Value, now.Mode, now.Nlink, now.Uid, now.Gid, now.Rdev, (long)now.SizeBytes,
            now.Atime.Nanoseconds, now.Mtime.Nanoseconds, now.Ctime.Nanoseconds),
    };

    private sealed record OpenFile(InodeId Inode, ulong Handle, int Flags);
}
