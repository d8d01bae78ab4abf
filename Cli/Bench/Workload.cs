using System.Diagnostics;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Cli.Bench;

/// <summary>
/// The phases of a benchmark on one directory, by plain system calls on threads of their own: what any file system can
/// be asked, so that the same run compares several.
/// </summary>
/// <param name="target">Name of the file system in the report.</param>
/// <param name="directory">Where to work; a subdirectory is made and removed.</param>
/// <param name="dropCaches">Makes the next reads cold: drops kernel caches, restarts a daemon.</param>
internal sealed class Workload(string target, string directory, Action dropCaches)
{
    private const uint DirectoryMode = 0x1ED; // 0755
    private const uint FileMode = 0x1A4;      // 0644
    private const int SmallBytes = 4096;
    private const int LargeBytes = 1 << 20;

    private readonly string _root = Path.Combine(directory, $"cfs-bench-{Environment.ProcessId}");
    private readonly byte[] _data = MakeData();

    public List<PhaseResult> Results { get; } = [];

    /// <summary>
    /// mkdir, create, stat, create + write 4 KiB + close, open + read 4 KiB + close, readdir, rename, unlink.
    /// </summary>
    public void RunMetadata(int threads, int filesPerThread)
    {
        var root = Path.Combine(_root, $"meta{threads}");
        Check(Posix.MakeDirectory(_root, DirectoryMode), _root, Platform17);
        Check(Posix.MakeDirectory(root, DirectoryMode), root);
        for (var t = 0; t < threads; t++) Check(Posix.MakeDirectory($"{root}/t{t}", DirectoryMode), root);

        Run("mkdir", threads, filesPerThread / 4,
            (t, i) => Check(Posix.MakeDirectory($"{root}/t{t}/d{i}", DirectoryMode), root));
        Run("create", threads, filesPerThread, (t, i) => CreateEmpty($"{root}/t{t}/f{i}"));
        Run("stat", threads, filesPerThread * 4, (t, i) => Stat($"{root}/t{t}/f{i % filesPerThread}"));
        Run("create+write4k+close", threads, filesPerThread, (t, i) => CreateSmall($"{root}/t{t}/g{i}"), SmallBytes);
        Run("open+read4k+close", threads, filesPerThread, (t, i) => ReadSmall($"{root}/t{t}/g{i}"), SmallBytes);
        Run("readdir", threads, 4, (t, _) => List($"{root}/t{t}", filesPerThread * 2 + filesPerThread / 4));
        Run("rename", threads, filesPerThread,
            (t, i) => Check(Posix.Rename($"{root}/t{t}/f{i}", $"{root}/t{t}/r{i}"), root));
        Run("unlink", threads, filesPerThread, (t, i) => Check(Posix.Unlink($"{root}/t{t}/r{i}"), root));
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>1 MiB sequential write + fsync, read cold and warm, 4 KiB random read, 4 KiB write + fsync.</summary>
    public void RunData(int megabytes, int syncs)
    {
        Check(Posix.MakeDirectory(_root, DirectoryMode), _root, Platform17);
        var path = Path.Combine(_root, "large");
        Measure("seq write 1m + fsync", 1, megabytes, LargeBytes, _ => WriteLarge(path, megabytes));
        dropCaches();
        Measure("seq read 1m cold", 1, megabytes, LargeBytes, r => ReadLarge(path, megabytes, r));
        Measure("seq read 1m warm", 1, megabytes, LargeBytes, r => ReadLarge(path, megabytes, r));
        dropCaches();
        var random = new Random(1);
        var file = Open(path, Posix.ReadWrite);
        var buffer = new byte[SmallBytes];
        Run("rand read 4k cold", 1, syncs * 4, (_, _) =>
        {
            var offset = (long)random.Next(megabytes * (LargeBytes / SmallBytes)) * SmallBytes;
            if (Posix.Read(file, buffer, SmallBytes, offset) != SmallBytes) throw Failed(path);
        }, SmallBytes);
        Run("write 4k + fsync", 1, syncs, (_, i) =>
        {
            var offset = (long)random.Next(1024) * SmallBytes;
            if (Posix.Write(file, _data.AsSpan(i % 256 * 16, SmallBytes), SmallBytes, offset) != SmallBytes)
                throw Failed(path);
            Check(Posix.Sync(file), path);
        }, SmallBytes);
        Check(Posix.Close(file), path);
        Directory.Delete(_root, recursive: true);
    }

    private const int Platform17 = 17; // EEXIST: the root may be there from the phase before

    private void WriteLarge(string path, int megabytes)
    {
        var file = Open(path, Posix.WriteOnly | Posix.Create | Posix.Truncate);
        for (var i = 0; i < megabytes; i++)
        {
            // Each block differs, else a deduplicating store would be measured writing nothing.
            BitConverter.TryWriteBytes(_data, i);
            for (var k = 0; k < LargeBytes; k += 64 * 1024)
                BitConverter.TryWriteBytes(_data.AsSpan(k), ((long)i << 32) | (uint)k);
            if (Posix.Write(file, _data.AsSpan(0, LargeBytes), LargeBytes, (long)i * LargeBytes) != LargeBytes)
                throw Failed(path);
        }
        Check(Posix.Sync(file), path);
        Check(Posix.Close(file), path);
    }

    private static void ReadLarge(string path, int megabytes, LatencyRecorder latencies)
    {
        var buffer = new byte[LargeBytes];
        var file = Open(path, Posix.ReadOnly);
        for (var i = 0; i < megabytes; i++)
        {
            var started = Stopwatch.GetTimestamp();
            if (Posix.Read(file, buffer, LargeBytes, (long)i * LargeBytes) != LargeBytes) throw Failed(path);
            latencies.Add((long)Stopwatch.GetElapsedTime(started).TotalNanoseconds);
        }
        Check(Posix.Close(file), path);
    }

    private void CreateSmall(string path)
    {
        var file = Open(path, Posix.WriteOnly | Posix.Create | Posix.Exclusive);
        if (Posix.Write(file, _data.AsSpan(0, SmallBytes), SmallBytes, 0) != SmallBytes) throw Failed(path);
        Check(Posix.Close(file), path);
    }

    private static void CreateEmpty(string path) =>
        Check(Posix.Close(Open(path, Posix.WriteOnly | Posix.Create | Posix.Exclusive)), path);

    private static void ReadSmall(string path)
    {
        Span<byte> buffer = stackalloc byte[SmallBytes];
        var file = Open(path, Posix.ReadOnly);
        if (Posix.Read(file, buffer, SmallBytes, 0) != SmallBytes) throw Failed(path);
        Check(Posix.Close(file), path);
    }

    private static void Stat(string path)
    {
        Span<byte> status = stackalloc byte[256];
        Check(Posix.Stat(path, status), path);
    }

    private static void List(string path, int expected)
    {
        var count = 0;
        foreach (var _ in new DirectoryInfo(path).EnumerateFileSystemInfos()) count++;
        if (count != expected)
            throw new CommandFailure(ExitCode.Internal, $"{path}: {count} entries listed, {expected} were made");
    }

    private void Run(string phase, int threads, int perThread, Action<int, int> operation, int bytes = 0)
    {
        var recorders = new LatencyRecorder[threads];
        Exception? failure = null;
        var started = Stopwatch.GetTimestamp();
        var workers = Enumerable.Range(0, threads).Select(t => new Thread(() =>
        {
            var latencies = recorders[t] = new LatencyRecorder(perThread);
            try
            {
                for (var i = 0; i < perThread; i++)
                {
                    var begin = Stopwatch.GetTimestamp();
                    operation(t, i);
                    latencies.Add((long)Stopwatch.GetElapsedTime(begin).TotalNanoseconds);
                }
            }
            catch (CommandFailure e) { Volatile.Write(ref failure, e); }
        })).ToList();
        workers.ForEach(w => w.Start());
        workers.ForEach(w => w.Join());
        if (failure is not null) throw failure;

        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        foreach (var other in recorders.Skip(1)) recorders[0].Add(other);
        Report(phase, threads, (long)threads * perThread, seconds, bytes, recorders[0]);
    }

    private void Measure(string phase, int threads, long operations, int bytes, Action<LatencyRecorder> body)
    {
        var latencies = new LatencyRecorder((int)operations);
        var started = Stopwatch.GetTimestamp();
        body(latencies);
        Report(phase, threads, operations, Stopwatch.GetElapsedTime(started).TotalSeconds, bytes, latencies);
    }

    private void Report(
        string phase, int threads, long operations, double seconds, int bytes, LatencyRecorder latencies) =>
        Results.Add(new(
            target, phase, threads, operations, seconds, operations / seconds,
            operations * (double)bytes / seconds / 1e6, latencies.Percentile(0.50), latencies.Percentile(0.99)));

    private static int Open(string path, int flags)
    {
        var file = Posix.Open(path, flags, FileMode);
        return file >= 0 ? file : throw Failed(path);
    }

    private static void Check(int result, string path, int tolerated = 0)
    {
        if (result < 0 && Posix.LastError != tolerated) throw Failed(path);
    }

    private static CommandFailure Failed(string path) =>
        new(ExitCode.Io, $"{path}: {(Primitives.FsError)Posix.LastError}");

    private static byte[] MakeData()
    {
        var data = new byte[LargeBytes + SmallBytes];
        new Random(7).NextBytes(data);
        return data;
    }
}
