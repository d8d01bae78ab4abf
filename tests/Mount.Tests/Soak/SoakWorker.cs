using System.Diagnostics;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.Primitives;

namespace ClaudeFs.Mount.Tests.Soak;

/// <summary>
/// One thread of mixed operations in some directories of its own, with a bounded number of files: what it uses does not
/// grow. Every read is compared. Runs again and again on a mount that comes back.
/// </summary>
internal sealed class SoakWorker(string root, string peer, SoakClock clock, int seed)
{
    private const int Directories = 4;
    private const int FilesMax = 200;
    private const int OverwriteBytes = 8192;
    private const int PeerLooks = 4;
    private static readonly int[] Sizes = [100, 4000, 5000, 20_000, 65_536, 100_000, 200_000];
    private static readonly byte[] Pattern = MakePattern();

    // A draw's weight each: as many unlinks as creates.
    private static readonly (SoakOperation Operation, int Weight)[] Mix =
    [
        (SoakOperation.Create, 14), (SoakOperation.Unlink, 14), (SoakOperation.Write, 14), (SoakOperation.Fsync, 10),
        (SoakOperation.Read, 26), (SoakOperation.Rename, 10), (SoakOperation.List, 4), (SoakOperation.Peer, 8),
    ];

    private readonly Random _random = new(seed);
    private readonly byte[] _buffer = new byte[Sizes[^1]];
    private readonly List<SoakFile> _files = [];
    private Thread? _thread;
    private volatile bool _isStopping;
    private int _nextId;
    private TaskCompletionSource<Exception?> _ended = new();
    private TaskCompletionSource _filled = new();

    /// <summary>Operations that were answered.</summary>
    public long Operations { get; private set; }

    /// <summary>The end of the present run: null when it was told to stop, else what an operation answered.</summary>
    public Task<Exception?> Ended => _ended.Task;

    /// <summary>All files that there are to be are there: from here on nothing should grow.</summary>
    public Task Filled => _filled.Task;

    /// <summary>Begins; what a crash has left is taken over, and not compared any more.</summary>
    public void Start()
    {
        _isStopping = false;
        _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _filled = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread = new Thread(Work) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>Ends the run, and returns how it ended.</summary>
    public Task<Exception?> StopAsync(TimeSpan bound)
    {
        _isStopping = true;
        return Ended.WaitAsync(bound);
    }

    private void Work()
    {
        try
        {
            Adopt();
            while (_files.Count < FilesMax && !_isStopping) Create();
            _filled.SetResult();
            while (!_isStopping)
            {
                Do(Draw());
                Operations++;
            }
            _ended.SetResult(null);
        }
        catch (Exception fault)
        {
            _ended.SetResult(fault);
            _filled.TrySetResult();
        }
    }

    private void Adopt()
    {
        _files.Clear();
        if (!Directory.Exists(root)) FileCalls.MakeDirectory(root);
        for (var directory = 0; directory < Directories; directory++)
        {
            var path = PathOf(directory);
            if (!Directory.Exists(path)) FileCalls.MakeDirectory(path);
            foreach (var name in FileCalls.List(path))
            {
                var id = int.Parse(name.AsSpan(1));
                _nextId = Math.Max(_nextId, id + 1);
                _files.Add(new(id, directory, (int)FileCalls.Stat($"{path}/{name}"), IsSure: false));
            }
        }
    }

    private SoakOperation Draw()
    {
        var draw = _random.Next(Mix.Sum(static part => part.Weight));
        foreach (var (operation, weight) in Mix)
        {
            if ((draw -= weight) < 0) return operation;
        }
        throw new UnreachableException();
    }

    private void Do(SoakOperation operation)
    {
        switch (operation)
        {
            case SoakOperation.Create when _files.Count < FilesMax: Create(); break;
            case SoakOperation.Create or SoakOperation.Unlink: Unlink(); break;
            case SoakOperation.Write: Overwrite(andSync: false); break;
            case SoakOperation.Fsync: Overwrite(andSync: true); break;
            case SoakOperation.Read: Read(); break;
            case SoakOperation.Rename: Rename(); break;
            case SoakOperation.List: List(); break;
            default: LookAtPeer(); break;
        }
    }

    private void Create()
    {
        var made = new SoakFile(_nextId++, _random.Next(Directories), Sizes[_random.Next(Sizes.Length)], IsSure: true);
        var path = PathOf(made);
        var started = Stopwatch.GetTimestamp();
        var file = FileCalls.Open(path, FileCalls.WriteOnly | FileCalls.CreateNew);
        try { FileCalls.Write(file, Content(made, 0, made.Bytes), 0, path); }
        finally { FileCalls.CloseDead(file); }
        clock.Add(SoakOperation.Create, started);
        _files.Add(made);
    }

    private void Unlink()
    {
        if (_files.Count == 0) return;
        var at = _random.Next(_files.Count);
        var started = Stopwatch.GetTimestamp();
        FileCalls.Unlink(PathOf(_files[at]));
        clock.Add(SoakOperation.Unlink, started);
        _files.RemoveAt(at);
    }

    // The bytes are those that were there: what is compared later does not depend on what a crash took.
    private void Overwrite(bool andSync)
    {
        if (_files.Count == 0) return;
        var target = _files[_random.Next(_files.Count)];
        var path = PathOf(target);
        var offset = _random.Next(Math.Max(target.Bytes - OverwriteBytes, 1));
        var bytes = Math.Min(OverwriteBytes, target.Bytes - offset);
        var started = Stopwatch.GetTimestamp();
        var file = FileCalls.Open(path, FileCalls.WriteOnly);
        try
        {
            FileCalls.Write(file, Content(target, offset, bytes), offset, path);
            if (andSync) FileCalls.Sync(file, path);
        }
        finally { FileCalls.CloseDead(file); }
        clock.Add(andSync ? SoakOperation.Fsync : SoakOperation.Write, started);
    }

    private void Read()
    {
        if (_files.Count == 0) return;
        var source = _files[_random.Next(_files.Count)];
        var path = PathOf(source);
        var started = Stopwatch.GetTimestamp();
        var file = FileCalls.Open(path, FileCalls.ReadOnly);
        int read;
        try { read = FileCalls.Read(file, _buffer.AsSpan(0, source.Bytes), 0, path); }
        finally { FileCalls.CloseDead(file); }
        clock.Add(SoakOperation.Read, started);
        if (source.IsSure && !_buffer.AsSpan(0, read).SequenceEqual(Content(source, 0, source.Bytes)))
        {
            throw new InvalidDataException($"{path}: {read} of {source.Bytes} bytes, or others than were written");
        }
    }

    private void Rename()
    {
        if (_files.Count == 0) return;
        var at = _random.Next(_files.Count);
        var elsewhere = (_files[at].Directory + 1 + _random.Next(Directories - 1)) % Directories;
        var moved = _files[at] with { Directory = elsewhere };
        var started = Stopwatch.GetTimestamp();
        FileCalls.Rename(PathOf(_files[at]), PathOf(moved));
        clock.Add(SoakOperation.Rename, started);
        _files[at] = moved;
    }

    private void List()
    {
        var directory = _random.Next(Directories);
        var started = Stopwatch.GetTimestamp();
        var names = FileCalls.List(PathOf(directory));
        clock.Add(SoakOperation.List, started);
        var expected = _files.Count(file => file.Directory == directory);
        if (names.Count != expected)
        {
            throw new InvalidDataException($"{PathOf(directory)}: {names.Count} names, {expected} were made");
        }
    }

    // What a worker on the other mount has under way: its leases are called back. Names may go meanwhile.
    private void LookAtPeer()
    {
        var directory = $"{peer}/d{_random.Next(Directories)}";
        if (!Directory.Exists(directory)) return;
        var started = Stopwatch.GetTimestamp();
        foreach (var name in FileCalls.List(directory).Take(PeerLooks))
        {
            try { _ = FileCalls.Stat($"{directory}/{name}"); }
            catch (CallFailedException gone) when (gone.Error == FsError.ENOENT)
            {
                // Removed or renamed by its owner since it was listed.
            }
        }
        clock.Add(SoakOperation.Peer, started);
    }

    private string PathOf(SoakFile file) => $"{PathOf(file.Directory)}/f{file.Id}";

    private string PathOf(int directory) => $"{root}/d{directory}";

    private static ReadOnlySpan<byte> Content(SoakFile file, int offset, int bytes) =>
        Pattern.AsSpan((file.Id * 31 % Sizes[^1]) + offset, bytes);

    private static byte[] MakePattern()
    {
        var pattern = new byte[2 * Sizes[^1]];
        new Random(1).NextBytes(pattern);
        return pattern;
    }

    private sealed record SoakFile(int Id, int Directory, int Bytes, bool IsSure);
}
