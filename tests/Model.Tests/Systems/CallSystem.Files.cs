using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Model.Tests.Runs;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Systems;

// Open files.
internal sealed partial class CallSystem
{
    private Outcome RunFile(Operation op, string path)
    {
        if (op.Kind is OperationKind.Create or OperationKind.Open) return Open(op, path);
        var file = _files[op.Slot];
        return op.Kind switch
        {
            OperationKind.FStat => Stat("", Calls.AtEmptyPath, file),
            OperationKind.Close => Close(op.Slot),
            OperationKind.Read => Read(file, op),
            OperationKind.Write => Write(file, op),
            OperationKind.Sync => Calls.ErrorOf(op.Flags == 1 ? Calls.DataSync(file) : Calls.Sync(file)),
            OperationKind.FTruncate => Calls.ErrorOf(Calls.FTruncate(file, op.Length)),
            OperationKind.Allocate => Calls.ErrorOf(Calls.Allocate(file, op.Flags, op.Offset, op.Length)),
            OperationKind.SeekData => Seek(file, op.Offset, SeekDataWhence),
            OperationKind.SeekHole => Seek(file, op.Offset, SeekHoleWhence),
            OperationKind.CopyRange => Copy(file, _files[op.OtherSlot], op),
            OperationKind.FChangeMode => Calls.ErrorOf(Calls.FChangeMode(file, (uint)op.Mode)),
            OperationKind.FSetTimes => Calls.ErrorOf(Calls.FSetTimes(file, TimesOf(op))),
            _ => throw new ArgumentOutOfRangeException(nameof(op), op.Kind, "unknown operation"),
        };
    }

    private Outcome Open(Operation op, string path)
    {
        // O_NONBLOCK, or a fifo would wait for its other end. Devices and fifos are not opened, see OpenPlain.
        var flags = op.Flags | (op.Kind == OperationKind.Create ? OpenFlags.Create : 0);
        var opened = OpenPlain(path, flags, (uint)op.Mode, out var error);
        if (opened < 0) return error;
        if (_files[op.Slot] >= 0) Calls.Close(_files[op.Slot]);
        _files[op.Slot] = opened;
        return Outcome.Done;
    }

    // What is open means nothing for devices, fifos and directories here: ENXIO and EISDIR, as if the call said so.
    private static int OpenPlain(string path, int flags, uint mode, out FsError error)
    {
        var isExclusive = (flags & OpenFlags.Create) != 0 && (flags & OpenFlags.Exclusive) != 0;
        var follows = (flags & OpenFlags.NoFollow) == 0;
        if (!isExclusive && Stat(path, follows ? 0 : Calls.AtNoFollow).Stat is { } stat)
        {
            error = FileMode.IsDirectory(stat.Mode) ? FsError.EISDIR
                : FileMode.IsRegular(stat.Mode) || FileMode.IsSymlink(stat.Mode) ? FsError.None : FsError.ENXIO;
            if (error != FsError.None) return -1;
        }

        var opened = Calls.Open(path, flags | OpenFlags.NonBlock | OpenFlags.CloseOnExec, mode);
        error = Calls.ErrorOf(opened);
        return opened;
    }

    private Outcome Close(int slot)
    {
        var error = Calls.ErrorOf(Calls.Close(_files[slot]));
        _files[slot] = -1;
        return error;
    }

    private static Outcome Read(int file, Operation op)
    {
        var bytes = new byte[op.Length];
        var count = Calls.Read(file, bytes, bytes.Length, op.Offset);
        return count < 0 ? Calls.ErrorOf(count) : new Outcome { Bytes = bytes[..(int)count] };
    }

    private static Outcome Write(int file, Operation op)
    {
        var count = Calls.Write(file, op.Bytes(), (nint)op.Length, op.Offset);
        return count < 0 ? Calls.ErrorOf(count) : new Outcome { Value = count };
    }

    private static Outcome Seek(int file, long offset, int whence)
    {
        var found = Calls.Seek(file, offset, whence);
        return found < 0 ? Calls.ErrorOf(found) : new Outcome { Value = found };
    }

    private Outcome Copy(int source, int target, Operation op)
    {
        if (Differences.LooksBeforeCopy(Kind)) Stat("", Calls.AtEmptyPath, source);
        var (from, to) = (op.Offset, op.OtherOffset);
        var copied = Calls.CopyRange(source, ref from, target, ref to, (nint)op.Length, 0);
        return copied < 0 ? Calls.ErrorOf(copied) : new Outcome { Value = copied };
    }

    private static Outcome ReadFile(string path, Operation op)
    {
        var opened = OpenPlain(path, OpenFlags.ReadOnly, 0, out var error);
        if (opened < 0) return error;
        var outcome = Read(opened, op);
        Check(Calls.Close(opened), $"close {path}");
        return outcome;
    }
}
