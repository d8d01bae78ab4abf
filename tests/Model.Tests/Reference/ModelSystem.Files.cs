using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Reference;

// Open files. The order of the checks is that of fs/open.c and fs/read_write.c.
internal sealed partial class ModelSystem
{
    private const int KeepSize = 1;
    private const int PunchHole = 2;
    private const int ZeroRange = 16;

    private async ValueTask<Outcome> RunFileAsync(Operation op)
    {
        if (op.Kind is OperationKind.Create or OperationKind.Open) return await OpenAsync(op);
        if (op.Kind is OperationKind.Read or OperationKind.Write && op.Offset < 0) return FsError.EINVAL;
        if (op.Kind == OperationKind.FTruncate && op.Length < 0) return FsError.EINVAL;
        if (_files[op.Slot] is not { } file) return FsError.EBADF;
        Touch(file.Node);
        return op.Kind switch
        {
            OperationKind.Close => Close(op.Slot),
            OperationKind.FStat => new Outcome { Stat = View(file.Node) },
            OperationKind.Read => OpenFlags.CanRead(file.Flags)
                ? new Outcome { Bytes = file.Node.Content.Read(op.Offset, op.Length) } : FsError.EBADF,
            OperationKind.Write => Write(file, op),
            OperationKind.Sync => Outcome.Done,
            OperationKind.FTruncate => OpenFlags.CanWrite(file.Flags)
                ? Truncate(file.Node, op.Length, isByPath: false) : FsError.EINVAL,
            OperationKind.Allocate => Allocate(file, op),
            OperationKind.SeekData => Seek(file.Node, op.Offset, isData: true),
            OperationKind.SeekHole => Seek(file.Node, op.Offset, isData: false),
            OperationKind.CopyRange => _files[op.OtherSlot] is { } target ? Copy(file, target, op) : FsError.EBADF,
            OperationKind.FChangeMode => ChangeMode(file.Node, op),
            OperationKind.FSetTimes => SetTimes(file.Node, op),
            _ => throw new ArgumentOutOfRangeException(nameof(op), op.Kind, "not an operation on an open file"),
        };
    }

    // What a slot held before is closed by an open that succeeds.
    private async ValueTask<Outcome> OpenAsync(Operation op)
    {
        var (makes, isExclusive) = (op.Kind == OperationKind.Create, (op.Flags & OpenFlags.Exclusive) != 0);
        var follows = (op.Flags & OpenFlags.NoFollow) == 0 && !(makes && isExclusive);
        var walked = await WalkAsync(Root, op.Path, follows);
        if (walked.IsError) return walked.Error;
        Touch(walked.Value.Directory);
        var node = walked.Value.Node;
        if (node is null)
        {
            if (!makes) return FsError.ENOENT;
            node = Make(walked.Value, FileMode.Regular | (uint)op.Mode);
        }
        else
        {
            Touch(node);
            if (makes && isExclusive) return FsError.EEXIST;
            if (node.IsSymlink) return FsError.ELOOP;
            if (node.IsDirectory) return FsError.EISDIR;
            if (!node.IsRegular) return FsError.ENXIO;
            if ((op.Flags & OpenFlags.Truncate) != 0) Truncate(node, 0, isByPath: false);
        }

        _files[op.Slot] = new(node, op.Flags);
        return Outcome.Done;
    }

    private Outcome Close(int slot)
    {
        _files[slot] = null;
        return Outcome.Done;
    }

    private static Outcome Write(ModelFile file, Operation op)
    {
        if (!OpenFlags.CanWrite(file.Flags)) return FsError.EBADF;
        if (op.Length == 0) return new Outcome { Value = 0 };
        var content = file.Node.Content;
        var offset = (file.Flags & OpenFlags.Append) != 0 ? content.SizeBytes : op.Offset;
        if (offset > (long)Limits.FileBytesMax) return FsError.EFBIG;
        content.Write(offset, op.Bytes());
        file.Node.Modify();
        return new Outcome { Value = op.Length };
    }

    private static FsError Allocate(ModelFile file, Operation op)
    {
        if (op.Offset < 0 || op.Length <= 0) return FsError.EINVAL;
        if (op.Flags is not (0 or KeepSize or (PunchHole | KeepSize) or ZeroRange or (ZeroRange | KeepSize)))
        {
            return FsError.EOPNOTSUPP;
        }

        if (!OpenFlags.CanWrite(file.Flags)) return FsError.EBADF;
        var (node, end) = (file.Node, op.Offset + op.Length);
        if (end > (long)Limits.FileBytesMax) return FsError.EFBIG;
        if ((op.Flags & (PunchHole | ZeroRange)) != 0) node.Content.Clear(op.Offset, end);
        var grows = (op.Flags & KeepSize) == 0 && end > node.SizeBytes;
        if (grows) node.Content.Grow(end);
        // Whether times move when neither size nor bytes need change is the file system's matter.
        if (grows) node.Modify();
        else (node.Mtime, node.Ctime) = (node.Mtime.MaybeMoved(), node.Ctime.MaybeMoved());
        return FsError.None;
    }

    // The reference answers where pages begin and end; a file system may know fewer holes (Differences.IsSeek).
    private static Outcome Seek(ModelNode node, long offset, bool isData)
    {
        if (offset < 0 || offset >= node.SizeBytes) return FsError.ENXIO;
        var found = node.Content.Seek(offset, isData);
        return found < 0 ? FsError.ENXIO : new Outcome { Value = found };
    }

    private Outcome Copy(ModelFile source, ModelFile target, Operation op)
    {
        Touch(target.Node);
        var isAppend = (target.Flags & OpenFlags.Append) != 0;
        if (!OpenFlags.CanRead(source.Flags) || !OpenFlags.CanWrite(target.Flags) || isAppend) return FsError.EBADF;
        var count = Math.Clamp(source.Node.SizeBytes - op.Offset, 0, op.Length);
        if (source.Node == target.Node && op.OtherOffset + count > op.Offset && op.OtherOffset < op.Offset + count)
        {
            return FsError.EINVAL;
        }

        if (count == 0) return new Outcome { Value = 0 };
        target.Node.Content.Write(op.OtherOffset, source.Node.Content.Read(op.Offset, count));
        target.Node.Modify();
        return new Outcome { Value = count };
    }
}
