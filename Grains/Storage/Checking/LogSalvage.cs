using System.Globalization;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// Takes all rows from a log that are there: of every whole append from the tail on, also of those that the tables hold
/// already and of those beyond damage. A later row of a key stands for the earlier ones.
/// </summary>
/// <param name="region">The log; only read.</param>
/// <param name="fileSystem">Whose log it is.</param>
/// <param name="tables">How far the tables reach, and where the log begins.</param>
/// <param name="findBelow">What the tables hold of an extent.</param>
/// <param name="findings">What was lost.</param>
internal sealed class LogSalvage(
    IBlockDevice region, ulong fileSystem, TableCheckpoint tables, Func<ShardId, RowKey, Row?> findBelow,
    List<CheckFinding> findings)
{
    private readonly ShardBatch _batch = new();
    private readonly LogTail _tail = new(tables.TailAppend, tables.TailPosition);

    /// <summary>Rows put and deleted, the newest of each key.</summary>
    public Dictionary<(ShardId Shard, RowKey Key), Row?> Rows { get; } = [];

    /// <summary>The last sequence of each shard that the log holds.</summary>
    public Dictionary<ShardId, ulong> Sequences { get; } = [];

    /// <summary>Where the log ends, as far as it is whole; no earlier than the tables reach.</summary>
    public TableCheckpoint End { get; private set; } = tables;

    /// <summary>Reads the log; <paramref name="shards"/> gives what an operation is read into.</summary>
    public async ValueTask RunAsync(Func<ShardId, Shard> shards, CancellationToken cancellationToken)
    {
        var (append, position) = _tail;
        while (position < _tail.Position + region.SizeBytes)
        {
            using var scanner = new LogScanner(region, fileSystem, new(append, position));
            var scan = await scanner.RunAsync(
                found =>
                {
                    Take(found, shards);
                    return ValueTask.FromResult(true);
                },
                cancellationToken);
            if (scan.Damage is not { } damage) break;
            findings.Add(new(
                CheckSeverity.Repaired, $"{damage}: what it held was lost, what follows was kept", region.Name,
                "Look at what was changed last"));
            if (await scanner.FindLaterAsync(scan.EndPosition, scan.LastAppend, cancellationToken) is not { } later)
                break;
            (append, position) = (later.Append, later.Position);
        }
    }

    private void Take(LogAppend append, Func<ShardId, Shard> shards)
    {
        try
        {
            var reader = new AppendReader(append.Body.Span, append.Header.PartCount);
            while (reader.TryReadPart(out var part))
            {
                for (var i = 0u; i < part.Count; i++) Take(reader.ReadOperation(), shards(part.Shard));
                var last = part.Sequence + part.Count - 1;
                Sequences[part.Shard] = Math.Max(Sequences.GetValueOrDefault(part.Shard), last);
            }
        }
        catch (RecordFormatException fault)
        {
            throw new FsException(FsError.EPROTO, string.Create(CultureInfo.InvariantCulture,
                $"{region.Name}: append {append.Header.Append}: {fault.Message}"), fault);
        }

        var header = append.Header;
        var end = header.Position + LogFormat.PaddedBytes(header.BodyBytes);
        if (header.Append <= End.Append) return;
        var stamp = header.Stamp > End.Stamp ? header.Stamp : End.Stamp;
        End = new(header.Append, end, header.Append + 1, end, stamp);
    }

    private void Take(ReadOnlySpan<byte> operation, Shard shard)
    {
        _batch.Clear();
        OperationRecord.Read(operation, _batch, shard, (inode, index) => FindExtent(shard.Id, inode, index));
        foreach (var change in _batch.Changes)
        {
            if (change.Key.Kind != RowKind.Counter) Rows[(shard.Id, change.Key)] = change.Row;
        }

        if (_batch.Answer is { } answer) Rows[(shard.Id, answer.Key)] = answer;
    }

    private ExtentRow? FindExtent(ShardId shard, InodeId inode, uint index)
    {
        var key = RowKey.Extent(inode, index);
        if (Rows.TryGetValue((shard, key), out var row)) return (ExtentRow?)row;
        try
        {
            return (ExtentRow?)findBelow(shard, key);
        }
        catch (FsException)
        {
            // On a damaged page, which is named by itself: what the log has of the extent is all there is.
            return null;
        }
    }
}
