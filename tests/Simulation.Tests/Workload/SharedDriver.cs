using System.Buffers.Binary;
using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.Simulation.Tests.Model;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>
/// Operations in a directory in which all clients work. Names of its own are changed by this strand alone: whoever
/// reads one must see it as it was at some moment between question and answer, and so must who reads the files. Names
/// that all fight for are held to what must hold whoever wins.
/// </summary>
internal sealed class SharedDriver(
    string name, SimulatedClient client, SimulatedWorld world, int seed, OperationCounts counts, SharedDirectory shared)
    : Driver(name, client, world, seed, counts)
{
    private static readonly int[] Lengths = [96, 4096, 5000, 70_000];
    private static readonly string[] Contested = ["x0", "x1", "x2", "x3"];

    private static readonly FsError[] ContestedErrors =
    [
        FsError.None, FsError.EEXIST, FsError.ENOENT, FsError.EISDIR, FsError.ENOTDIR, FsError.ENOTEMPTY,
        FsError.EPERM, FsError.ESTALE,
    ];

    private const int LooksMax = 120;
    private static readonly TimeSpan LookPause = TimeSpan.FromMilliseconds(500);

    private readonly List<SharedFile> _files = [];
    private string[] _names = [];
    private ulong _version;
    private SessionId _session;

    private IFileSystem Files => Client.Files;

    protected override bool IsSessionLost => Client.Session != _session;

    public override async Task PrepareAsync()
    {
        shared.Losing.Add(() =>
        {
            if (IsSessionLost || Client.IsDoomed) NoteCut();
        });
        shared.Inode = await Files.EnsureDirectoryAsync(InodeId.Root, "shared");
        _names = shared.AddNames(Name);
        _session = Client.Session;
    }

    /// <inheritdoc />
    public override async Task RecoverAsync()
    {
        NoteCut();
        _session = Client.Session;
        await SettleAsync();
        await ReadNamesAsync();
    }

    /// <summary>
    /// What was written and not made durable may be gone from here on, and with the silo's own client so may names.
    /// </summary>
    public void NoteCut()
    {
        foreach (var file in _files) file.Content.NoteCut();
        if (!Client.IsEmbedded) return;
        foreach (var own in _names) shared[own].NoteCut();
    }

    /// <inheritdoc />
    public override Task VerifyAsync() => ReadNamesAsync();

    protected override async Task StepAsync()
    {
        try
        {
            await RecoverLostSessionAsync();
            await SettleAsync();
            await (Random.Next(20) switch
            {
                < 3 => CreateAsync(_names[Random.Next(_names.Length)]),
                < 7 => RewriteAsync(_names[Random.Next(_names.Length)]),
                < 8 => UnlinkAsync(_names[Random.Next(_names.Length)]),
                < 10 => RenameAsync(_names[Random.Next(_names.Length)], _names[Random.Next(_names.Length)]),
                < 16 => ReadAnyAsync(),
                _ => ContestAsync(),
            });
        }
        catch (SimulationFailureException) when (IsSessionLost)
        {
            await RecoverAsync();
        }
    }

    // What an operation without an answer did to the own names.
    private async Task SettleAsync()
    {
        foreach (var own in _names)
        {
            for (var look = 0; shared[own].IsUncertain; look++)
            {
                if (await ReadAsync(own) is { } seen) shared[own].Settle(seen.File, shared.Now());
                else if (look < LooksMax) await Task.Delay(LookPause, Client.Process.Time);
                else throw new SimulationFailureException($"{Name} lookup {own}: never answered");
            }
        }
    }

    private async Task CreateAsync(string own)
    {
        var register = shared[own];
        var before = register.Last;
        var file = new SharedFile(default, Lengths[Random.Next(Lengths.Length)]);
        if (before is null)
        {
            register.Begin(file, shared.Now());
            _files.Add(file);
        }

        var made = await Files.CreateAsync(shared.Inode, FsName.Of(own), FileOperations.FileMode,
            FileOperations.CreateExclusive | FileOperations.ReadWrite, Caller.Root, CancellationToken.None);
        Note($"create {own}", made.Error.ToString());
        if (IsLost(made.Error)) return;
        Answers.Check($"{Name} create {own}", made.Error, before is null ? [] : [FsError.EEXIST]);
        if (made.IsError) return;
        file.Inode = made.Value.Node.Attributes.Inode;
        register.Complete(shared.Now());
        await WriteAsync(file, made.Value.File.Handle);
    }

    private async Task RewriteAsync(string own)
    {
        if (shared[own].Last is not { } file)
        {
            await CreateAsync(own);
            return;
        }

        var opened = await Files.OpenAsync(file.Inode, FileOperations.ReadWrite, Caller.Root, CancellationToken.None);
        Note($"open {own}", opened.Error.ToString());
        if (IsLost(opened.Error)) return;
        Answers.Check($"{Name} open {own}", opened.Error, []);
        await WriteAsync(file, opened.Value.Handle);
    }

    private async Task WriteAsync(SharedFile file, ulong handle)
    {
        var data = new byte[file.LengthBytes];
        var version = ++_version;
        for (var i = 0; i + 8 <= data.Length; i += 8) BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(i), version);
        file.Content.Begin(version, shared.Now());
        var written = await Files.WriteAsync(file.Inode, handle, 0, data, false, Caller.Root, CancellationToken.None);
        Note($"write {file.Inode} version {version}", written.Error.ToString());
        var isLost = IsLost(written.Error);
        if (!isLost) Answers.Check($"{Name} write {file.Inode}", written.Error, []);

        // From here on everybody must see it: whoever reads takes the write lease away first.
        if (!isLost && !Client.IsDoomed) file.Content.Complete(shared.Now());
        if (!isLost && Random.Next(3) == 0)
        {
            var synced = await Files.SyncAsync(file.Inode, false, CancellationToken.None);
            Note($"fsync {file.Inode}", synced.Error.ToString());
            if (IsLost(synced.Error)) file.Content.NoteCut();
            else
            {
                Answers.Check($"{Name} fsync {file.Inode}", synced.Error, []);
                if (file.Content.IsUncertain) file.Content.Complete(shared.Now());
                file.Content.NoteDurable();
                foreach (var own in _names) shared[own].NoteDurable();
            }
        }

        // A loss that close tells of is no fault.
        var flushed = await Files.FlushAsync(file.Inode, handle, CancellationToken.None);
        if (flushed.IsError) file.Content.NoteCut();
        await Files.ReleaseAsync(file.Inode, handle, CancellationToken.None);
    }

    private async Task UnlinkAsync(string own)
    {
        var register = shared[own];
        var before = register.Last;
        if (before is not null) register.Begin(null, shared.Now());
        var removed = await Files.UnlinkAsync(shared.Inode, FsName.Of(own), Caller.Root, CancellationToken.None);
        Note($"unlink {own}", removed.Error.ToString());
        if (IsLost(removed.Error)) return;
        Answers.Check($"{Name} unlink {own}", removed.Error, before is null ? [FsError.ENOENT] : []);
        if (before is not null) register.Complete(shared.Now());
    }

    private async Task RenameAsync(string from, string to)
    {
        var (source, target) = (shared[from], shared[to]);
        var moved = source.Last;
        var changes = moved is not null && from != to;
        if (changes)
        {
            target.Begin(moved, shared.Now());
            source.Begin(null, shared.Now());
        }

        var renamed = await Files.RenameAsync(shared.Inode, FsName.Of(from), shared.Inode, FsName.Of(to),
            RenameFlags.None, Caller.Root, CancellationToken.None);
        Note($"rename {from} to {to}", renamed.Error.ToString());
        if (IsLost(renamed.Error)) return;
        Answers.Check($"{Name} rename {from} to {to}", renamed.Error, moved is null ? [FsError.ENOENT] : []);
        if (!changes) return;
        source.Complete(shared.Now());
        target.Complete(shared.Now());
    }

    private async Task ReadAnyAsync()
    {
        var names = shared.Names.ToList();
        await ReadAsync(names[Random.Next(names.Count)].Key);
    }

    private async Task ReadNamesAsync()
    {
        foreach (var own in shared.Names.Select(static pair => pair.Key).ToList()) await ReadAsync(own);
    }

    // What the name leads to; null when there was no answer.
    private async Task<(SharedFile? File, bool IsSeen)?> ReadAsync(string wanted)
    {
        var start = shared.Now();
        var found = await Files.LookupAsync(shared.Inode, FsName.Of(wanted), CancellationToken.None);
        Note($"lookup {wanted}", found.IsError ? found.Error.ToString() : $"{found.Value.Attributes.Inode}");
        if (IsLost(found.Error)) return null;
        Answers.Check($"{Name} lookup {wanted}", found.Error, []);
        var inode = found.Value.Attributes.Inode;
        var end = shared.Now();
        SharedFile? file = null;
        // A file whose create has no answer yet has no number: any that is known comes first.
        bool Finds(SharedFile? candidate, bool isKnown)
        {
            var isSeen = candidate is null == inode.IsNone
                && (candidate is null || (isKnown ? candidate.Inode == inode : candidate.Inode.IsNone));
            if (isSeen) file = candidate;
            return isSeen;
        }

        var isAllowed = shared[wanted].Allows(candidate => Finds(candidate, isKnown: true), start, end)
            || shared[wanted].Allows(candidate => Finds(candidate, isKnown: false), start, end);
        Answers.That(isAllowed, $"{Name} lookup {wanted}", $"found {inode}; it was {shared[wanted]} [{start}, {end}]");
        if (file is not null)
        {
            if (file.Inode.IsNone) file.Inode = inode;
            await ReadAsync(wanted, file);
        }

        return (file, true);
    }

    private async Task ReadAsync(string wanted, SharedFile file)
    {
        var start = shared.Now();
        var content = await Files.ReadFileAsync(file.Inode);
        Note($"read {wanted}", content.IsError ? content.Error.ToString() : $"{content.Value.Length} bytes");
        if (IsLost(content.Error)) return;
        var end = shared.Now();
        if (content.Error is FsError.ESTALE or FsError.ENOENT)
        {
            // Its last name may have gone between the look-up and the reading.
            Answers.That(shared[wanted].Allows(candidate => candidate != file, start, end), $"{Name} read {wanted}",
                $"answered {content.Error} for a file that was there all the time");
            return;
        }

        Answers.Check($"{Name} read {wanted}", content.Error, []);
        var bytes = content.Value;
        var version = bytes.Length == 0 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        Answers.That(bytes.Length == 0 || bytes.Length == file.LengthBytes, $"{Name} read {wanted}",
            $"{bytes.Length} bytes of {file.LengthBytes}");
        for (var i = 0; i + 8 <= bytes.Length; i += 8)
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(i));
            Answers.That(word == version, $"{Name} read {wanted}", $"version {version} at 0 and {word} at {i}");
        }

        shared.NoteLosses();
        Answers.That(file.Content.Allows(candidate => candidate == version, start, end), $"{Name} read {wanted}",
            $"inode {file.Inode} has version {version}; it was {file.Content} [{start}, {end}]");
    }

    private async Task ContestAsync()
    {
        var (one, other) = (Contested[Random.Next(Contested.Length)], Contested[Random.Next(Contested.Length)]);
        var (name, error) = Random.Next(6) switch
        {
            0 => ($"make {one}", (await Files.MakeAsync(shared.Inode, FsName.Of(one), FileOperations.FileMode, 0,
                default, Caller.Root, CancellationToken.None)).Error),
            1 => ($"mkdir {one}", (await Files.MakeAsync(shared.Inode, FsName.Of(one), FileOperations.DirectoryMode, 0,
                default, Caller.Root, CancellationToken.None)).Error),
            2 => ($"unlink {one}", (await Files.UnlinkAsync(
                shared.Inode, FsName.Of(one), Caller.Root, CancellationToken.None)).Error),
            3 => ($"rmdir {one}", (await Files.RemoveDirectoryAsync(
                shared.Inode, FsName.Of(one), Caller.Root, CancellationToken.None)).Error),
            4 => ($"rename {one} to {other}", (await Files.RenameAsync(shared.Inode, FsName.Of(one), shared.Inode,
                FsName.Of(other), RenameFlags.None, Caller.Root, CancellationToken.None)).Error),
            _ => ($"link {one} to {other}", await LinkAsync(one, other)),
        };
        Note(name, error.ToString());
        if (!IsLost(error)) Answers.That(ContestedErrors.Contains(error), $"{Name} {name}", $"answered {error}");
    }

    private async Task<FsError> LinkAsync(string target, string newName)
    {
        var found = await Files.LookupAsync(shared.Inode, FsName.Of(target), CancellationToken.None);
        if (found.IsError || found.Value.Attributes.Inode.IsNone) return found.Error;
        return (await Files.LinkAsync(found.Value.Attributes.Inode, shared.Inode, FsName.Of(newName), Caller.Root,
            CancellationToken.None)).Error;
    }

    private bool IsLost(FsError error) => Answers.IsUnknown(error) && Client.MayFail;
}
