using System.Diagnostics;
using ClaudeFs.Mount.Tests.Harness;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Mount.Tests.Trees;

/// <summary>
/// A tree of sparse files below one directory, worked on by threads, phase after phase. A phase goes in slices, each a
/// range of the directories; the threads take directories of the slice from one counter.
/// </summary>
internal sealed class TreeLoad(string root, TreeShape shape, Func<ProcessFigures> daemon)
{
    public const int Slices = 20;
    public const int FileBytes = 50 * 1024;

    private const int Threads = 8;
    private const int WrittenEvery = 8;
    private const int AppendedBytes = 100;

    private static readonly TimeSpan SliceMax = TimeSpan.FromMinutes(10);
    private static readonly byte[] Data = Enumerable.Range(0, AppendedBytes).Select(i => (byte)i).ToArray();

    private Exception? _failure;

    /// <summary>Every file is made and gets its size; one in eight gets some bytes.</summary>
    public TreePhase Create() => Run("create", directory =>
    {
        FileCalls.MakeDirectory(PathOf(directory));
        for (var i = 0; i < shape.FilesPerDirectory; i++)
        {
            var path = $"{PathOf(directory)}/f{i}";
            var file = FileCalls.Open(path, FileCalls.WriteOnly | FileCalls.CreateNew);
            FileCalls.SetLength(file, FileBytes, path);
            if (i % WrittenEvery == 0) FileCalls.Write(file, Data, i % FileBytes, path);
            FileCalls.Close(file, path);
        }
    });

    /// <summary>Every directory is listed, every file's size looked at.</summary>
    public TreePhase Walk(string name, Func<string, long> sizeOf) => Run(name, directory =>
    {
        var names = FileCalls.List(PathOf(directory));
        Assert.Equal(shape.FilesPerDirectory, names.Count);
        foreach (var file in names)
        {
            Assert.Equal(sizeOf(file), FileCalls.Stat($"{PathOf(directory)}/{file}"));
        }
    });

    /// <summary>One file of three gets another mode, one another name, one some bytes at its end.</summary>
    public TreePhase Change() => Run("change", directory =>
    {
        for (var i = 0; i < shape.FilesPerDirectory; i++)
        {
            var path = $"{PathOf(directory)}/f{i}";
            if (i % 3 == 0) FileCalls.ChangeMode(path, 0x180);
            else if (i % 3 == 1) FileCalls.Rename(path, $"{PathOf(directory)}/renamed{i}");
            else Append(path);
        }
    });

    /// <summary>Everything goes.</summary>
    public TreePhase Delete() => Run("delete", directory =>
    {
        for (var i = 0; i < shape.FilesPerDirectory; i++)
        {
            FileCalls.Unlink($"{PathOf(directory)}/{NameAfterChange(i)}");
        }
        FileCalls.RemoveDirectory(PathOf(directory));
    });

    /// <summary>Size of a file after <see cref="Change"/>.</summary>
    public static long SizeAfterChange(string name) =>
        name[0] == 'f' && int.Parse(name.AsSpan(1)) % 3 == 2 ? FileBytes + AppendedBytes : FileBytes;

    private static string NameAfterChange(int file) => file % 3 == 1 ? $"renamed{file}" : $"f{file}";

    private static void Append(string path)
    {
        var file = FileCalls.Open(path, FileCalls.WriteOnly);
        FileCalls.Write(file, Data, FileBytes, path);
        FileCalls.Close(file, path);
    }

    private TreePhase Run(string name, Action<int> work)
    {
        var slices = new List<TreeSlice>();
        var progress = new Progress($"large tree: {name}", TimeProvider.System);
        for (var slice = 0; slice < Slices; slice++)
        {
            var before = daemon().Processor;
            var started = Stopwatch.GetTimestamp();
            RunSlice(slice * shape.DirectoriesPerSlice, (slice + 1) * shape.DirectoriesPerSlice, work);
            var after = daemon();
            slices.Add(new(
                Stopwatch.GetElapsedTime(started) / shape.FilesPerSlice,
                (after.Processor - before) / shape.FilesPerSlice, after.AnonymousBytes));
            progress.Note((slice + 1) * shape.FilesPerSlice, Slices * shape.FilesPerSlice, "files");
        }
        return new(name, slices);
    }

    private void RunSlice(int from, int to, Action<int> work)
    {
        var next = from - 1;
        var workers = Enumerable.Range(0, Threads).Select(_ => new Thread(() =>
        {
            try
            {
                for (var at = Interlocked.Increment(ref next); at < to && Volatile.Read(ref _failure) is null;
                    at = Interlocked.Increment(ref next)) work(at);
            }
            catch (Exception fault)
            {
                Volatile.Write(ref _failure, fault);
            }
        }) { IsBackground = true }).ToList();
        workers.ForEach(worker => worker.Start());
        foreach (var worker in workers)
        {
            Assert.True(worker.Join(SliceMax), $"{shape.FilesPerSlice} files took more than {SliceMax}: {_failure}");
        }
        if (_failure is not null) throw new InvalidOperationException("the load failed", _failure);
    }

    private string PathOf(int directory) => $"{root}/d{directory}";
}
