using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

// Opening: identity, epochs, counters, then the log.
public sealed partial class MetadataStore
{
    /// <summary>
    /// Opens the metadata: raises the epochs, replays the log into the shard tables, and goes on from there. Damage in
    /// the log leaves it open read-only, with the reason. Disposes log and rows when it fails.
    /// </summary>
    /// <param name="seams">What it stands on.</param>
    /// <param name="identity">Of this file system: see <see cref="FileSystemIdentity"/>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FsException">EPROTO: a newer version wrote it. EIO: a device or the tables cannot be
    /// read.</exception>
    public static ValueTask<MetadataStore> OpenAsync(
        MetadataSeams seams, FileSystemIdentity identity, CancellationToken cancellationToken = default) =>
        OpenAsync(seams, identity, null, cancellationToken);

    internal static async ValueTask<MetadataStore> OpenAsync(
        MetadataSeams seams, FileSystemIdentity identity, NameHash? hash, CancellationToken cancellationToken)
    {
        // A killed process leaves what is there but not durable: log that only such rows stand for must not be
        // recycled.
        seams.Rows.MakeDurable();
        await seams.Coordination.RaiseAllAsync(cancellationToken);
        var store = new MetadataStore(seams, identity, hash);
        try
        {
            var damage = store.LoadCounters();
            await store.RecoverAsync(cancellationToken);
            if (damage is not null) store.Fail(damage);
            return store;
        }
        catch
        {
            Interlocked.CompareExchange(ref store._failure, "The store could not be opened", null);
            await store.DisposeAsync();
            throw;
        }
    }

    // Without them nothing may be added; what is there can be read.
    private string? LoadCounters()
    {
        try
        {
            foreach (var (shard, row) in _seams.Rows.ReadAll(RowKind.Counter))
            {
                var counter = (CounterRow)row;
                Counters.Add(shard, counter.Counter, counter.Bytes, counter.Inodes);
            }

            return null;
        }
        catch (FsException fault) when (fault.Error == FsError.EIO)
        {
            return $"{_seams.Rows.Name}: the counters cannot be read: {fault.Message}";
        }
    }

    private async ValueTask RecoverAsync(CancellationToken cancellationToken)
    {
        var tables = _seams.Rows.Checkpoint;
        var recovery = new Recovery(this, _seams);
        var scan = await _seams.Log.ScanAsync(
            new(tables.TailAppend, tables.TailPosition), recovery.VisitAsync, cancellationToken);
        if (scan.CutReason is { } cut) StoreLog.TornTail(Logger, cut);
        if (scan.Damage is { } damage) Fail(damage);
        else if (recovery.Damage is { } contradiction) Fail(contradiction);
        else if (scan.LastAppend < tables.Append)
        {
            Fail($"{_seams.Log.Name} ends at append {scan.LastAppend}, but {_seams.Rows.Name} holds {tables.Append}");
        }

        else if (_seams.Feed is { } feed && scan.LastAppend < feed.DurableCursor)
        {
            Fail($"{_seams.Log.Name} ends at append {scan.LastAppend}, but counts stand at {feed.DurableCursor}");
        }

        StoreLog.Opened(Logger, tables.Append, scan.LastAppend, recovery.ShardCount);
        Materialiser.Begin();
    }
}
