using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Memory;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>What every form of the log has to do.</summary>
public abstract class LogTableConformance : IAsyncLifetime
{
    protected const ulong FileSystem = 77;

    private static readonly LogTail Beginning = new(1, 0);

    private readonly SimulatedStore _batches = SimulatedStore.Open(1);
    private readonly MemoryCoordination _coordination = new();
    private readonly List<string> _failures = [];
    private ulong _sequence;

    public async Task InitializeAsync()
    {
        await _coordination.RaiseAllAsync();
        await Device.GrowAsync(1 << 20);
    }

    public virtual async Task DisposeAsync() => await Device.DisposeAsync();

    [Fact]
    public async Task A_new_log_is_empty()
    {
        var (log, scan, found) = await OpenAsync(Beginning);
        Assert.Equal(new LogScan(0, 0, null, null), scan);
        Assert.Empty(found);
        Assert.Equal((0UL, 0L, 0L), (log.LastAppend, log.EndPosition, log.UsedBytes));
    }

    [Fact]
    public async Task Appends_come_back_in_order_and_whole_and_only_the_last_is_unproven()
    {
        var (log, _, _) = await OpenAsync(Beginning);
        var bodies = new List<byte[]>();
        foreach (var size in new[] { 10, 5_000, 300_000, 1 })
        {
            bodies.Add(await AppendAsync(log, size));
            Assert.Equal((ulong)bodies.Count, log.LastAppend);
        }

        var (again, scan, found) = await OpenAsync(Beginning);
        Assert.Equal((4UL, log.EndPosition, log.UsedBytes), (scan.LastAppend, scan.EndPosition, again.UsedBytes));
        Assert.Null(scan.Damage ?? scan.CutReason);
        Assert.Equal(bodies, found.Select(append => append.Body));
        Assert.Equal([1UL, 2UL, 3UL, 4UL], found.Select(append => append.Header.Append));
        Assert.Equal([true, true, true, false], found.Select(append => append.IsProven));
        await AppendAsync(again, 10);
        Assert.Equal(5UL, again.LastAppend);
    }

    [Fact]
    public async Task An_append_under_an_epoch_that_has_moved_is_fenced_and_leaves_nothing()
    {
        var (log, _, _) = await OpenAsync(Beginning);
        await AppendAsync(log, 100);
        var end = log.EndPosition;
        await _coordination.RaiseAsync(_batches.Shard().Id);
        using var buffer = Pack(100);
        Assert.Equal(AppendOutcome.Fenced, await log.AppendAsync(buffer, _failures.Add));
        Assert.Equal((1UL, end), (log.LastAppend, log.EndPosition));
        var (_, scan, _) = await OpenAsync(Beginning);
        Assert.Equal((1UL, end), (scan.LastAppend, scan.EndPosition));
        Assert.Empty(_failures);
    }

    [Fact]
    public async Task What_is_recycled_is_used_again_and_what_is_kept_is_read_from_the_tail()
    {
        var (log, _, _) = await OpenAsync(Beginning);
        var kept = new Queue<(LogTail At, byte[] Body)>();
        while (log.EndPosition < log.CapacityBytes * 5 / 2)
        {
            var at = new LogTail(log.LastAppend + 1, log.EndPosition);
            kept.Enqueue((at, await AppendAsync(log, 100_000)));
            if (kept.Count > 5) kept.Dequeue();
            log.Recycle(kept.Peek().At);
            Assert.Equal(log.EndPosition - kept.Peek().At.Position, log.UsedBytes);
        }

        var (again, scan, found) = await OpenAsync(kept.Peek().At);
        Assert.Equal((log.LastAppend, log.EndPosition), (scan.LastAppend, scan.EndPosition));
        Assert.Equal(kept.Select(append => append.Body), found.Select(append => append.Body));
        Assert.Equal(log.UsedBytes, again.UsedBytes);
    }

    [Fact]
    public async Task The_visitor_ends_the_log_before_an_append_whose_data_is_not_there()
    {
        var (log, _, _) = await OpenAsync(Beginning);
        await AppendAsync(log, 100);
        var end = log.EndPosition;
        await AppendAsync(log, 100);
        var (again, scan, _) = await OpenAsync(Beginning, append => append.IsProven);
        Assert.Equal((1UL, end), (scan.LastAppend, scan.EndPosition));
        Assert.NotNull(scan.CutReason);
        var body = await AppendAsync(again, 200);   // takes the number and the place
        var (_, _, found) = await OpenAsync(Beginning);
        Assert.Equal(body, found[1].Body);
    }

    [Fact]
    public async Task What_is_needed_is_verified_in_use_and_each_damaged_append_is_named()
    {
        var (opened, _, _) = await OpenAsync(Beginning);
        var log = (EmbeddedLog)opened;
        var positions = new List<long>();
        for (var i = 0; i < 12; i++)   // around the end of the region
        {
            if (i > 5) log.Recycle(new((ulong)i - 4, positions[i - 5]));
            positions.Add(log.EndPosition);
            await AppendAsync(log, 140_000);
        }

        Assert.Empty(await VerifyAsync(log));
        await DamageAsync(positions[5] + 100);   // recycled
        Assert.Empty(await VerifyAsync(log));
        await DamageAsync(positions[8] + 20_000);
        var body = Assert.Single(await VerifyAsync(log));
        Assert.Equal($"append 9 at offset {positions[8] % log.CapacityBytes} has a damaged body", body);
        await DamageAsync(positions[9] + 30);
        var both = await VerifyAsync(log);
        Assert.Equal([body, $"append 10 at offset {positions[9] % log.CapacityBytes} has a damaged header"], both);

        // What is recycled while it is read is no damage.
        var isRecycled = false;
        Assert.Empty(await log.VerifyAsync((_, _) =>
        {
            if (!isRecycled) log.Recycle(new(11, positions[10]));
            isRecycled = true;
            return ValueTask.CompletedTask;
        }));
    }

    private static async Task<IReadOnlyList<string>> VerifyAsync(EmbeddedLog log)
    {
        var bytes = 0L;
        var faults = await log.VerifyAsync((count, _) =>
        {
            bytes += count;
            return ValueTask.CompletedTask;
        });
        Assert.True(bytes >= log.UsedBytes / 2, $"{bytes} of {log.UsedBytes} bytes were read");
        return faults;
    }

    private async Task DamageAsync(long position)
    {
        var offset = position % Device.SizeBytes;
        using var block = AlignedMemoryPool.Shared.Rent(4096);
        var memory = block.Memory[..4096];
        await Device.ReadAsync(offset / 4096 * 4096, memory);
        memory.Span[(int)(offset % 4096)] ^= 0x40;
        await Device.WriteAsync(offset / 4096 * 4096, memory);
    }

    /// <summary>What the log lies on.</summary>
    protected abstract IBlockDevice Device { get; }

    /// <summary>A log over what is there, not scanned yet.</summary>
    protected abstract ILogTable Open(ICoordination coordination);

    private async Task<(ILogTable Log, LogScan Scan, List<(LogHeader Header, byte[] Body, bool IsProven)> Found)>
        OpenAsync(LogTail tail, Func<LogAppend, bool>? accepts = null)
    {
        var log = Open(_coordination);
        var found = new List<(LogHeader, byte[], bool)>();
        var scan = await log.ScanAsync(tail, append =>
        {
            found.Add((append.Header, append.Body.ToArray(), append.IsProven));
            return ValueTask.FromResult(accepts?.Invoke(append) ?? true);
        });
        return (log, scan, found);
    }

    private async Task<byte[]> AppendAsync(ILogTable log, int size)
    {
        using var buffer = Pack(size);
        var body = buffer.Body.ToArray();
        Assert.Equal(AppendOutcome.Committed, await log.AppendAsync(buffer, _failures.Add));
        return body;
    }

    private AppendBuffer Pack(int size)
    {
        var batch = _batches.Shard().Begin(default, OperationKind.XattrSet);
        batch.Put(new InlineRow(new InodeId(2), new byte[size], batch.Stamp));
        batch.Seal();
        batch.Sequence = ++_sequence;
        var buffer = new AppendBuffer();
        buffer.AddPart([batch]);
        return buffer;
    }
}

public sealed class SimulatedLogTests : LogTableConformance
{
    protected override IBlockDevice Device { get; } = new SimulatedBlockDevice(1);

    protected override ILogTable Open(ICoordination coordination) =>
        new EmbeddedLog(Device, FileSystem, coordination);
}

public sealed class FileLogTests : LogTableConformance
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("claudefs-log-");
    private FileBlockDevice? _device;

    protected override IBlockDevice Device => Opened;

    private FileBlockDevice Opened =>
        _device ??= FileBlockDevice.Open(Path.Combine(_directory.FullName, "log"), new() { Create = true });

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Delete(recursive: true);
    }

    protected override ILogTable Open(ICoordination coordination) =>
        new EmbeddedLog(Opened.Inline, FileSystem, coordination);
}
