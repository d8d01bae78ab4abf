using System.Buffers.Binary;
using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Histories;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>What all strands of a run with faults work on.</summary>
internal sealed class HistoryScene
{
    public const int Directories = 3;
    public const int Files = 3;
    public const int Pages = 6;

    public HistoryRecorder Recorder { get; } = new(Directories, Files, Pages);

    public InodeId[] DirectoryInodes { get; } = new InodeId[Directories];

    public InodeId[] FileInodes { get; } = new InodeId[Files];

    public InodeId[] PageInodes { get; } = new InodeId[Pages];

    /// <summary>Values of pages never come twice.</summary>
    public long LastValue { get; set; }

    /// <summary>How often a client was told that something of a page's file is lost: it is told once.</summary>
    public Dictionary<(SimulatedClient Client, int Page), int> LossesTold { get; } = [];
}

/// <summary>Whether an error is one that a fault drawn in the run explains.</summary>
internal delegate bool FaultExplanation(FsError error, SimulatedClient client, SessionId session);

/// <summary>
/// One strand of operations on names, attributes and pages that all clients use: what is asked and answered goes into
/// histories. Errors that no fault explains end the run.
/// </summary>
internal sealed partial class HistoryDriver(
    string name, SimulatedClient client, SimulatedWorld world, int seed, OperationCounts counts, HistoryScene scene,
    FaultExplanation isExplained, Func<bool> isReadOnly)
{
    public const int PageBytes = 4096;

    private static readonly string[] Names = ["a", "b", "c"];
    private static readonly uint[] Modes = [0x180, 0x1A4, 0x1B6];

    private readonly Random _random = new(seed);

    public string Name => name;

    public SimulatedClient Client => client;

    private HistoryRecorder Recorder => scene.Recorder;

    private IFileSystem Files => client.Files;

    /// <summary>Operations until the strand is told to stop.</summary>
    public async Task RunAsync(Func<bool> isOver)
    {
        while (!isOver())
        {
            await StepAsync();

            // On a store that only reads all may be answered in line: nobody else would ever have a turn.
            await Task.Yield();
        }
    }

    /// <summary>Looks at everything once.</summary>
    public async Task LookAsync()
    {
        for (var i = 0; i < HistoryScene.Directories; i++)
        {
            for (var at = 0; at < Names.Length; at++) await LookUpAsync(i, at);
        }

        for (var i = 0; i < HistoryScene.Files; i++) await StatAsync(i);
        for (var i = 0; i < HistoryScene.Pages; i++) await ReadAsync(i);
    }

    /// <summary>Makes what is worked on.</summary>
    public async Task PrepareAsync()
    {
        for (var i = 0; i < HistoryScene.Directories; i++)
            scene.DirectoryInodes[i] = await Files.EnsureDirectoryAsync(InodeId.Root, $"names{i}");
        for (var i = 0; i < HistoryScene.Files; i++)
            scene.FileInodes[i] = await MakeFileAsync(scene.DirectoryInodes[i], "attributes");
        for (var i = 0; i < HistoryScene.Pages; i++)
            scene.PageInodes[i] = await MakeFileAsync(InodeId.Root, $"page{i}");
        var stat = await Files.GetAttributesAsync(scene.FileInodes[0], CancellationToken.None);
        Recorder.FirstAttributes = new(stat.Value.Attributes.Mode & 0xFFF, 0, 0, false);
    }

    private async Task<InodeId> MakeFileAsync(InodeId parent, string file)
    {
        var made = await Files.MakeAsync(
            parent, FsName.Of(file), FileOperations.FileMode, 0, default, Caller.Root, CancellationToken.None);
        Answers.Check($"make {file}", made.Error, []);
        return made.Value.Attributes.Inode;
    }

    private Task StepAsync()
    {
        var (directory, file, page) = (
            _random.Next(HistoryScene.Directories), _random.Next(HistoryScene.Files), _random.Next(HistoryScene.Pages));
        var (one, other) = (_random.Next(Names.Length), _random.Next(Names.Length));
        return _random.Next(21) switch
        {
            < 3 => CreateAsync(directory, one),
            < 5 => UnlinkAsync(directory, one),
            < 7 => RenameAsync(directory, one, other),
            < 10 => LookUpAsync(directory, one),
            < 11 => SetModeAsync(file),
            < 12 => SetSizeAsync(file),
            < 14 => StatAsync(file),
            < 17 => WriteAsync(page),
            < 20 => ReadAsync(page),
            _ => SyncDirectoryAsync(directory),
        };
    }

    private async Task CreateAsync(int directory, int at)
    {
        var (readOnly, session) = (isReadOnly(), client.Session);
        var operation = Recorder.Begin(Recorder.Directories[directory], client,
            now => new CreateName(Number(session), at, $"{name} create {Names[at]}", now)
            {
                IsAnsweredEarly = client.IsEmbedded,
            });
        var made = await Files.CreateAsync(scene.DirectoryInodes[directory], FsName.Of(Names[at]),
            FileOperations.FileMode, FileOperations.CreateExclusive | FileOperations.ReadWrite, Caller.Root,
            CancellationToken.None);
        if (Note(operation, made.Error, session, readOnly, FsError.EEXIST))
        {
            operation.Made = made.IsError ? 0 : (long)made.Value.Node.Attributes.Inode.Value;
            Recorder.Answer(operation);
        }

        if (!made.IsError)
            await Files.ReleaseAsync(
                made.Value.Node.Attributes.Inode, made.Value.File.Handle, CancellationToken.None);
    }

    private async Task UnlinkAsync(int directory, int at)
    {
        var (readOnly, session) = (isReadOnly(), client.Session);
        var operation = Recorder.Begin(Recorder.Directories[directory], client,
            now => new UnlinkName(Number(session), at, $"{name} unlink {Names[at]}", now)
            {
                IsAnsweredEarly = client.IsEmbedded,
            });
        var removed = await Files.UnlinkAsync(
            scene.DirectoryInodes[directory], FsName.Of(Names[at]), Caller.Root, CancellationToken.None);
        if (!Note(operation, removed.Error, session, readOnly, FsError.ENOENT)) return;
        operation.WasThere = !removed.IsError;
        Recorder.Answer(operation);
    }

    private async Task RenameAsync(int directory, int from, int to)
    {
        var (readOnly, session) = (isReadOnly() && from != to, client.Session);
        var operation = Recorder.Begin(Recorder.Directories[directory], client,
            now => new RenameName(Number(session), from, to, $"{name} rename {Names[from]} to {Names[to]}", now)
            {
                IsAnsweredEarly = client.IsEmbedded,
            });
        var parent = scene.DirectoryInodes[directory];
        var renamed = await Files.RenameAsync(parent, FsName.Of(Names[from]), parent, FsName.Of(Names[to]),
            RenameFlags.None, Caller.Root, CancellationToken.None);
        if (!Note(operation, renamed.Error, session, readOnly, FsError.ENOENT)) return;
        operation.WasThere = !renamed.IsError;
        Recorder.Answer(operation);
    }

    private async Task SyncDirectoryAsync(int directory)
    {
        var session = client.Session;
        var history = Recorder.Directories[directory];
        var operation = Recorder.Begin(
            history, client, now => new SyncNames(Number(session), $"{name} fsyncdir", now));
        var synced = await Files.SyncAsync(scene.DirectoryInodes[directory], false, CancellationToken.None);
        if (Note(operation, synced.Error, session, readOnly: false)) Recorder.Answer(operation);
        else Recorder.Forget(history, operation);
    }

    private async Task LookUpAsync(int directory, int at)
    {
        var session = client.Session;
        var history = Recorder.Directories[directory];
        var operation = Recorder.Begin(history, client,
            now => new LookUpName(Number(session), at, $"{name} lookup {Names[at]}", now));
        var found = await Files.LookupAsync(
            scene.DirectoryInodes[directory], FsName.Of(Names[at]), CancellationToken.None);
        if (Note(operation, found.Error, session, readOnly: false))
        {
            operation.Found = (long)found.Value.Attributes.Inode.Value;
            Recorder.Answer(operation);
        }
        else Recorder.Forget(history, operation);
    }

    private async Task SetModeAsync(int file)
    {
        var (session, mode) = (client.Session, Modes[_random.Next(Modes.Length)]);
        var operation = Recorder.Begin(Recorder.Files[file], client,
            now => new SetMode(Number(session), mode, $"{name} chmod {mode:x}", now));
        var change = new AttributesChange(AttributeMask.Mode, mode, 0, 0, 0, default, default, default);
        var set = await Files.SetAttributesAsync(scene.FileInodes[file], change, Caller.Root, CancellationToken.None);
        if (Note(operation, set.Error, session, readOnly: false)) AnswerUnder(session, operation);
    }

    private async Task SetSizeAsync(int file)
    {
        var (session, size) = (client.Session, ++scene.LastValue);
        var operation = Recorder.Begin(Recorder.Files[file], client,
            now => new SetSize(Number(session), size, $"{name} truncate {size}", now));
        var change = new AttributesChange(AttributeMask.Size, 0, 0, 0, (ulong)size, default, default, default);
        var set = await Files.SetAttributesAsync(scene.FileInodes[file], change, Caller.Root, CancellationToken.None);
        if (Note(operation, set.Error, session, readOnly: false)) AnswerUnder(session, operation);
    }

    private async Task StatAsync(int file)
    {
        var session = client.Session;
        var history = Recorder.Files[file];
        var operation = Recorder.Begin(history, client, now => new SeeAttributes(Number(session), $"{name} stat", now));
        var stat = await Files.GetAttributesAsync(scene.FileInodes[file], CancellationToken.None);
        if (Note(operation, stat.Error, session, readOnly: false) && client.Session == session)
        {
            var attributes = stat.Value.Attributes;
            operation.Mode = attributes.Mode & 0xFFF;
            (operation.SizeBytes, operation.Modified) = ((long)attributes.SizeBytes, attributes.Mtime.Nanoseconds);
            Recorder.Answer(operation);
        }
        else Recorder.Forget(history, operation);
    }

    // Under which of two sessions it was done nobody can tell: it is as good as not answered.
    private void AnswerUnder(SessionId session, HistoryOperation operation)
    {
        if (client.Session == session)
        {
            Recorder.Answer(operation);
            return;
        }

        operation.LaterSession = Number(client.Session);
        Recorder.GiveUp(operation);
    }

    // True: it was answered, with success or an error that says how things are.
    private bool Note(HistoryOperation operation, FsError error, SessionId session, bool readOnly,
        FsError told = FsError.None)
    {
        counts.Add(operation.What[(name.Length + 1)..]);
        world.Trace.Add(operation.What, error.ToString());
        if (error == FsError.None || error == told)
        {
            // It was, and no other silo has started since.
            if (readOnly && error == FsError.None && isReadOnly())
                throw new SimulationFailureException($"{operation}: answered although the store is read-only");
            return true;
        }

        if (!isExplained(error, client, session))
            throw new SimulationFailureException($"{operation}: {error}, which no fault explains");
        // Refused: nothing is done, whatever became of the answers to earlier attempts.
        if (error == FsError.EROFS) (operation.IsVoid, operation.End) = (true, Recorder.Now());
        Recorder.GiveUp(operation);
        return false;
    }
}
