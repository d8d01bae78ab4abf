using ClaudeFs.Model.Tests.Reference;

namespace ClaudeFs.Model.Tests.Programs;

/// <summary>
/// Draws programs from a seed. A model runs along, so that most operations meet something that is there; the rest name
/// what is not, and arguments that are refused.
/// </summary>
internal sealed class Generator
{
    private const int OperationsMin = 20;
    private const int OperationsMax = 200;
    private const int OperationsMean = 60;

    private static readonly string[] Names = ["a", "b", "c", "d", "e"];
    private static readonly string[] Targets = ["a", "b", "c", "a/b", "b/c", "missing", "d/missing"];
    private static readonly string[] XattrNames = ["user.a", "user.b", "trusted.c", "user.a", "user.b", "other.d"];
    private static readonly uint[] Nodes = [FileMode.Fifo, FileMode.CharacterDevice, FileMode.Regular, FileMode.Socket];
    private static readonly int[] Modes = [0x1ED, 0x1A4, 0x180, 0xDED, 0x9ED, 0x5ED, 0x5A4, 0x3FF, 0];
    private static readonly int[] Owners = [0, 1000, 1001];
    private static readonly long[] Borders = [0, 0, 4096, 4096, 65_536, 1 << 20];
    private static readonly long[] Lengths = [1, 100, 4095, 4096, 4097, 8192, 65_536, 70_000, 140_000];
    private static readonly int[] AllocateModes = [0, 1, 3, 3, 16, 17, 2];

    // How often each is drawn, in parts of their sum.
    private static readonly (OperationKind Kind, int Weight)[] Weights =
    [
        (OperationKind.Create, 14), (OperationKind.Open, 9), (OperationKind.Close, 5), (OperationKind.Read, 5),
        (OperationKind.Write, 22), (OperationKind.Sync, 4), (OperationKind.SyncDirectory, 1),
        (OperationKind.Truncate, 3), (OperationKind.FTruncate, 5), (OperationKind.Allocate, 8),
        (OperationKind.SeekData, 3), (OperationKind.SeekHole, 3), (OperationKind.CopyRange, 5),
        (OperationKind.MakeDirectory, 7), (OperationKind.MakeNode, 3), (OperationKind.Symlink, 3),
        (OperationKind.ReadLink, 2), (OperationKind.Link, 5), (OperationKind.Rename, 7),
        (OperationKind.RenameNoReplace, 3), (OperationKind.RenameExchange, 3), (OperationKind.Unlink, 6),
        (OperationKind.RemoveDirectory, 4), (OperationKind.ChangeMode, 3), (OperationKind.FChangeMode, 2),
        (OperationKind.ChangeOwner, 3), (OperationKind.SetTimes, 3), (OperationKind.FSetTimes, 3),
        (OperationKind.SetXattr, 5), (OperationKind.GetXattr, 3), (OperationKind.ListXattr, 2),
        (OperationKind.RemoveXattr, 3), (OperationKind.List, 2), (OperationKind.Stat, 2),
        (OperationKind.StatFollow, 2), (OperationKind.FStat, 3), (OperationKind.ReadFile, 3),
        (OperationKind.SpaceStat, 1), (OperationKind.Audit, 2),
    ];

    private readonly Random _random;
    private readonly ModelSystem _model = new();

    private Generator(int seed) => _random = new(seed);

    /// <summary>The program of a seed: 20 to 200 operations, 60 in the mean.</summary>
    public static async Task<List<Operation>> DrawAsync(int seed)
    {
        var generator = new Generator(seed);
        var count = Math.Clamp(
            OperationsMin - (int)((OperationsMean - OperationsMin) * Math.Log(1 - generator._random.NextDouble())),
            OperationsMin, OperationsMax);
        var program = new List<Operation>();
        for (var i = 0; i < count; i++)
        {
            var operation = generator.Draw();
            await generator._model.RunAsync(operation);
            program.Add(operation);
        }

        return program;
    }

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private bool OneIn(int chances) => _random.Next(chances) == 0;

    private Operation Draw()
    {
        var at = _random.Next(Weights.Sum(static w => w.Weight));
        var kind = Weights.First(w => (at -= w.Weight) < 0).Kind;
        var op = new Operation { Kind = kind, Client = _random.Next(Operation.Clients) };
        op.Look = OneIn(3) ? 1 - op.Client : op.Client;
        switch (kind)
        {
            case OperationKind.Create or OperationKind.Open:
                DrawOpen(op);
                break;
            case OperationKind.Close or OperationKind.FStat or OperationKind.Sync or OperationKind.Read
                or OperationKind.Write or OperationKind.FTruncate or OperationKind.Allocate
                or OperationKind.SeekData or OperationKind.SeekHole or OperationKind.CopyRange
                or OperationKind.FChangeMode or OperationKind.FSetTimes:
                DrawFile(op);
                break;
            case OperationKind.SetXattr or OperationKind.GetXattr or OperationKind.RemoveXattr
                or OperationKind.ListXattr:
                DrawXattr(op);
                break;
            case OperationKind.SpaceStat or OperationKind.Audit:
                break;
            default:
                DrawPath(op);
                break;
        }

        return op;
    }

    private void DrawOpen(Operation op)
    {
        op.Slot = (op.Client * Operation.SlotsPerClient) + _random.Next(Operation.SlotsPerClient);
        op.Path = Path(isNew: op.Kind == OperationKind.Create && !OneIn(3));
        op.Flags = _random.Next(10) switch
        {
            0 => OpenFlags.ReadOnly,
            1 => OpenFlags.WriteOnly,
            _ => OpenFlags.ReadWrite,
        };
        if (OpenFlags.CanWrite(op.Flags) && OneIn(6)) op.Flags |= OpenFlags.Truncate;
        if (OpenFlags.CanWrite(op.Flags) && OneIn(5)) op.Flags |= OpenFlags.Append;
        if (OneIn(12)) op.Flags |= OpenFlags.NoFollow;
        if (op.Kind != OperationKind.Create) return;
        op.Mode = Pick(Modes);
        if (OneIn(3)) op.Flags |= OpenFlags.Exclusive;
    }

    private void DrawFile(Operation op)
    {
        op.Slot = Slot();
        op.Client = op.Slot / Operation.SlotsPerClient;
        switch (op.Kind)
        {
            case OperationKind.Read or OperationKind.Write:
                (op.Offset, op.Length) = (Offset(), Length());
                if (op.Kind == OperationKind.Write) op.Data = OneIn(8) ? 0 : _random.Next(1, 1 << 30);
                break;
            case OperationKind.Sync:
                op.Flags = _random.Next(2);
                break;
            case OperationKind.FTruncate:
                op.Length = Offset();
                break;
            case OperationKind.Allocate:
                (op.Offset, op.Length, op.Flags) = (Offset(), OneIn(20) ? 0 : Length(), Pick(AllocateModes));
                break;
            case OperationKind.SeekData or OperationKind.SeekHole:
                op.Offset = Offset();
                break;
            case OperationKind.CopyRange:
                op.OtherSlot = (op.Client * Operation.SlotsPerClient) + _random.Next(Operation.SlotsPerClient);
                (op.Offset, op.OtherOffset, op.Length) = (Near(), Near(), Length());
                break;
            case OperationKind.FChangeMode:
                op.Mode = Pick(Modes);
                break;
            case OperationKind.FSetTimes:
                (op.Offset, op.Length) = (Time(), Time());
                break;
        }
    }

    private void DrawPath(Operation op)
    {
        op.Path = Path(isNew: op.Kind is OperationKind.MakeDirectory or OperationKind.MakeNode or OperationKind.Symlink
            && !OneIn(6));
        switch (op.Kind)
        {
            case OperationKind.Truncate:
                op.Length = Offset();
                break;
            case OperationKind.MakeDirectory or OperationKind.ChangeMode:
                op.Mode = Pick(Modes);
                break;
            case OperationKind.MakeNode:
                op.Mode = (int)Pick(Nodes) | Pick(Modes);
                if ((op.Mode & FileMode.TypeMask) == FileMode.CharacterDevice) op.Data = 0x103; // null
                break;
            case OperationKind.Symlink:
                op.Other = OneIn(12) ? new string('t', 5000) : OneIn(12) ? "" : Pick(Targets);
                break;
            case OperationKind.Link or OperationKind.RenameNoReplace:
                op.Other = Path(isNew: !OneIn(3));
                break;
            case OperationKind.Rename or OperationKind.RenameExchange:
                op.Other = Path(isNew: OneIn(3));
                break;
            case OperationKind.ChangeOwner:
                (op.Uid, op.Gid) = (Pick(Owners), Pick(Owners));
                break;
            case OperationKind.SetTimes:
                (op.Offset, op.Length) = (Time(), Time());
                break;
            case OperationKind.ReadFile:
                (op.Offset, op.Length) = (Near(), Length());
                break;
        }
    }

    private void DrawXattr(Operation op)
    {
        var given = _model.Paths().FindAll(static p => p.Node.Xattrs.Count > 0 && p.Path.Length > 0);
        op.Path = given.Count > 0 && !OneIn(3) ? Pick(given).Path : Path(isNew: false);
        op.Other = op.Kind == OperationKind.ListXattr ? "" : Pick(XattrNames);
        if (op.Kind == OperationKind.GetXattr) op.Length = OneIn(2) ? _random.Next(150) : 400;
        if (op.Kind != OperationKind.SetXattr) return;
        (op.Length, op.Data, op.Flags) = (_random.Next(300), _random.Next(1, 1 << 30), OneIn(2) ? 0 : _random.Next(3));
        if (OneIn(8)) op.Length = 65_537;
    }

    private string Path(bool isNew)
    {
        var paths = _model.Paths();
        if (OneIn(60)) return Join(Pick(paths).Path, new string('n', OneIn(2) ? 255 : 256));
        if (OneIn(15)) return string.Join('/', Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Pick(Names)));
        if (!isNew && paths.Count > 1) return paths[_random.Next(1, paths.Count)].Path;
        var directories = paths.FindAll(static p => p.Node.IsDirectory && p.Path.Length < 10);
        return Join(Pick(directories).Path, Pick(Names));
    }

    private static string Join(string directory, string name) => directory.Length == 0 ? name : $"{directory}/{name}";

    // Most often one that is open.
    private int Slot()
    {
        var open = Enumerable.Range(0, _model.Files.Count).Where(slot => _model.Files[slot] is not null).ToList();
        return open.Count > 0 && !OneIn(12) ? Pick(open) : _random.Next(_model.Files.Count);
    }

    private long Offset() => OneIn(60) ? -1 : OneIn(60) ? 1L << 60 : Near();

    // Around a border, more often near the start.
    private long Near()
    {
        var border = OneIn(15) ? 2L << 20 : Pick(Borders);
        var distance = _random.Next(6) switch
        {
            0 => 0,
            1 => -1,
            2 => 1,
            3 => -_random.Next(9000),
            _ => _random.Next(9000),
        };
        return Math.Max(0, border + distance);
    }

    private long Length() => OneIn(2) ? _random.Next(1, 6000) : Pick(Lengths);

    private long Time() => _random.Next(4) switch
    {
        0 => Times.Now,
        1 => Times.Omit,
        _ => 1_000_000_000 + _random.Next(500_000_000),
    };
}
