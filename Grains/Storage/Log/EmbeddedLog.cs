using ClaudeFs.Platform.Devices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>
/// The log as a ring on a region of a device: preallocated, checksummed, recycled. An append begins at a block and may
/// go on at the region's beginning. Form: docs/spec/log.md.
/// Invariants: one append at a time; a position only grows, its place is position modulo the region; nothing between
/// tail and end is written again.
/// </summary>
public sealed class EmbeddedLog : ILogTable
{
    private readonly IBlockDevice _region;
    private readonly ulong _fileSystem;
    private readonly ICoordination _coordination;
    private ulong _lastAppend;
    private long _endPosition;
    private readonly Lock _tailLock = new();
    private long _tailPosition;
    private LogTail _tail;   // both of one moment, for readers beside the committer
    private bool _isOpen;

    /// <summary>A log on a region; scanned before use.</summary>
    /// <param name="region">Its device; stays the caller's. Best one that transfers on the caller's thread.</param>
    /// <param name="fileSystem">Whose log it is: see <see cref="FileSystemIdentity"/>.</param>
    /// <param name="coordination">Knows the epochs.</param>
    public EmbeddedLog(IBlockDevice region, ulong fileSystem, ICoordination coordination)
    {
        Invariant.That(region.BlockBytes == LogFormat.BlockBytes && region.SizeBytes % LogFormat.BlockBytes == 0);
        Invariant.That(region.SizeBytes >= StoreLimits.LogBytesMin);
        _region = region;
        _fileSystem = fileSystem;
        _coordination = coordination;
    }

    /// <inheritdoc />
    public string Name => _region.Name;

    /// <inheritdoc />
    public ulong LastAppend => Volatile.Read(ref _lastAppend);

    /// <inheritdoc />
    public long EndPosition => Volatile.Read(ref _endPosition);

    /// <inheritdoc />
    public long CapacityBytes => _region.SizeBytes;

    /// <inheritdoc />
    public long UsedBytes => Volatile.Read(ref _endPosition) - Volatile.Read(ref _tailPosition);

    /// <inheritdoc />
    public async ValueTask<LogScan> ScanAsync(
        LogTail tail, Func<LogAppend, ValueTask<bool>> visit, CancellationToken cancellationToken = default)
    {
        using var scanner = new LogScanner(_region, _fileSystem, tail);
        LogScan scan;
        try
        {
            scan = await scanner.RunAsync(visit, cancellationToken);
        }
        catch (RecordFormatException fault)
        {
            throw new FsException(FsError.EPROTO, $"{Name}: {fault.Message}", fault);
        }

        // A killed process leaves a last append that was perhaps not flushed: it counts from here on.
        if (scan.Damage is null) await _region.FlushAsync(cancellationToken);
        SetTail(tail);
        _lastAppend = scan.LastAppend;
        _endPosition = scan.EndPosition;
        _isOpen = scan.Damage is null;
        return scan;
    }

    /// <inheritdoc />
    public async ValueTask<AppendOutcome> AppendAsync(AppendBuffer append, Action<string> failure)
    {
        Invariant.That(_isOpen);
        foreach (var (shard, epoch) in append.Epochs)
        {
            if (_coordination.EpochOf(shard) != epoch) return AppendOutcome.Fenced;
        }

        var header = new LogHeader(_fileSystem, _lastAppend + 1, _endPosition, _lastAppend, append.Stamp,
            (uint)append.BodyBytes, append.PartCount, Crc32c.Compute(append.Body));
        var bytes = append.Seal(header);
        Invariant.That(bytes.Length <= CapacityBytes - UsedBytes);
        try
        {
            await WriteAsync(header.Position, bytes);
            await _region.FlushAsync();
        }
        catch (FsException fault)
        {
            _isOpen = false;
            failure($"Writing the log failed: {fault.Message}");
            return AppendOutcome.Unknown;
        }

        Volatile.Write(ref _endPosition, header.Position + bytes.Length);
        Volatile.Write(ref _lastAppend, header.Append);
        return AppendOutcome.Committed;
    }

    /// <inheritdoc />
    public void Recycle(LogTail tail)
    {
        Invariant.That(tail.Position >= _tailPosition && tail.Position <= EndPosition);
        SetTail(tail);
    }

    /// <summary>
    /// Reads what is needed of the log, while it is in use, and compares checksums: what is damaged, with the offset in
    /// the log. Changes nothing.
    /// </summary>
    /// <param name="onRead">Told of the bytes of each transfer; completes when the next may begin.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<IReadOnlyList<string>> VerifyAsync(
        Func<long, CancellationToken, ValueTask> onRead, CancellationToken cancellationToken = default)
    {
        var verifier = new LogVerifier(_region, _fileSystem, ReadTail, onRead);
        return await verifier.RunAsync(EndPosition, cancellationToken);
    }

    private void SetTail(LogTail tail)
    {
        lock (_tailLock) _tail = tail;
        Volatile.Write(ref _tailPosition, tail.Position);
    }

    private LogTail ReadTail()
    {
        lock (_tailLock) return _tail;
    }

    /// <summary>Nothing to let go of: the region is the caller's.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask WriteAsync(long position, ReadOnlyMemory<byte> bytes)
    {
        var offset = position % CapacityBytes;
        var first = (int)Math.Min(bytes.Length, CapacityBytes - offset);
        await _region.WriteAsync(offset, bytes[..first]);
        if (first < bytes.Length) await _region.WriteAsync(0, bytes[first..]);
    }
}
