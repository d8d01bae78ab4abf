using System.Globalization;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Brings the log into the shard tables at start, and to the followers that lag behind the tables. One append at a
/// time, in order; used once.
/// </summary>
internal sealed class Recovery(MetadataStore store, MetadataSeams seams)
{
    private readonly TableCheckpoint _tables = seams.Rows.Checkpoint;
    private readonly Dictionary<ShardId, Epoch> _epochs = [];

    /// <summary>Not null: an append is whole but contradicts what came before it.</summary>
    public string? Damage { get; private set; }

    /// <summary>Shards that had something to replay.</summary>
    public int ShardCount => _epochs.Count;

    /// <summary>Takes in one append; false when the log has to end before it.</summary>
    public async ValueTask<bool> VisitAsync(LogAppend append)
    {
        if (Damage is not null) return true;
        try
        {
            // What the tables hold was flushed before it came there.
            var isProven = append.IsProven || append.Header.Append <= _tables.Append;
            if (!isProven && !await VerifyAsync(append)) return false;
            Replay(append);
        }
        catch (RecordFormatException fault)
        {
            throw new FsException(FsError.EPROTO,
                $"{Place(append)} has {fault.Message}", fault);
        }

        return true;
    }

    // Log and data are made durable by one flush: of the last append that flush may not have happened.
    private async ValueTask<bool> VerifyAsync(LogAppend append)
    {
        if (seams.Verifier is not { } verifier) return true;
        var references = new List<ReferenceDelta>();
        foreach (var batch in ReadBatches(append, isReferencesOnly: true)) references.AddRange(batch.References);
        foreach (var reference in references)
        {
            if (reference.Delta <= 0) continue;
            var (location, bytes, checksum) = (reference.Location, reference.StoredBytes, reference.Checksum);
            if (!await verifier.VerifyAsync(location, bytes, checksum)) return false;
        }

        return true;
    }

    private void Replay(LogAppend append)
    {
        var isMaterialised = append.Header.Append <= _tables.Append;
        var batches = ReadBatches(append, isMaterialised);
        if (Damage is not null) return;
        store.Clock.Observe(append.Header.Stamp);
        var bytes = LogFormat.PaddedBytes(append.Header.BodyBytes);
        store.Materialiser.Add(new(append.Header.Append, append.Header.Position + bytes, bytes, append.Header.Stamp,
            batches.ToArray()) { IsMaterialised = isMaterialised });
    }

    private List<ShardBatch> ReadBatches(LogAppend append, bool isReferencesOnly)
    {
        var batches = new List<ShardBatch>();
        var reader = new AppendReader(append.Body.Span, append.Header.PartCount);
        while (Damage is null && reader.TryReadPart(out var part))
        {
            if (!isReferencesOnly) CheckEpoch(append, part.Shard, part.Epoch);
            for (var i = 0u; i < part.Count && Damage is null; i++)
            {
                var operation = reader.ReadOperation();
                batches.Add(
                    ReadBatch(append, operation, store.Shards[part.Shard], part.Sequence + i, isReferencesOnly));
            }
        }

        return batches;
    }

    private ShardBatch ReadBatch(
        LogAppend append, ReadOnlySpan<byte> operation, Shard shard, ulong sequence, bool isReferencesOnly)
    {
        var batch = store.RentBatch();
        if (isReferencesOnly)
        {
            OperationRecord.ReadReferences(operation, batch, shard);
            return batch;
        }

        if (sequence != shard.LastSequence + 1)
        {
            SetDamage(append, $"shard {shard.Id} goes from sequence {shard.LastSequence} to {sequence}");
            return batch;
        }

        OperationRecord.Read(operation, batch, shard);
        batch.Sequence = sequence;
        shard.Replay(batch);
        return batch;
    }

    private void CheckEpoch(LogAppend append, ShardId shard, Epoch epoch)
    {
        if (_epochs.TryGetValue(shard, out var earlier) && epoch < earlier)
        {
            SetDamage(append, $"shard {shard} goes back from epoch {earlier} to {epoch}");
        }

        _epochs[shard] = epoch;
    }

    private void SetDamage(LogAppend append, string what) =>
        Damage ??= $"{Place(append)}: {what}";

    private string Place(LogAppend append) => $"{seams.Log.Name}: append {append.Header.Append} at offset "
        + (append.Header.Position % seams.Log.CapacityBytes).ToString(CultureInfo.InvariantCulture);
}
