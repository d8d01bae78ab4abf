using System.Globalization;
using System.Text;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Fills a directory with many empty files through the log, as fast as the tables follow: for trying out large
/// directories. Nobody else changes the directory meanwhile; each batch of thousands of entries is one operation of
/// the system, and one is being committed while the next is put together. On a data directory that nobody has open:
/// EmbeddedMetadata.OpenAsync(meta.db), its OpenStoreAsync on the log's region, LoadAsync, then dispose the store and
/// the metadata, which brings everything into the tables.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="directory">The directory; its new files are born in its shard.</param>
public sealed class BulkLoader(MetadataStore store, InodeId directory)
{
    private const int EntriesPerBatch = 2000;
    private const uint Mode = FileMode.Regular | 0x1A4;

    private readonly Shard _shard = store.Shards.Of(directory);
    private readonly HashSet<ulong> _hashes = [];
    private ShardBatch? _batch;
    private int _batchCount;
    private Task<FsResult<Nothing>> _committing = Task.FromResult<FsResult<Nothing>>(Nothing.Value);

    /// <summary>
    /// Creates files named prefix and number, from 0 to count - 1, owned by <paramref name="owner"/>. Errors: ENOENT
    /// (no such directory), EEXIST (a name is taken), EROFS, EIO; what was loaded before stays.
    /// </summary>
    public async ValueTask<FsResult<Nothing>> LoadAsync(string prefix, int count, Caller owner,
        IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (FindDirectory() is not { } found) return FsError.ENOENT;
        var wasEmpty = found.Attributes.SizeBytes == 0;
        for (var number = 0; number < count; number++)
        {
            var text = prefix + number.ToString(CultureInfo.InvariantCulture);
            var error = FsName.TryParse(Encoding.UTF8.GetBytes(text), out var name);
            if (error == FsError.None && !wasEmpty && IsTaken(name)) error = FsError.EEXIST;
            if (error != FsError.None) return error;

            // A second name with one hash is given its cookie when the first one can be seen.
            var cookie = _shard.FirstCookie(name);
            var isFirst = _hashes.Add(cookie);
            if (!isFirst) Flush(owner, await _committing);
            if (!isFirst || !wasEmpty) cookie = _shard.CookieFor(directory, name);
            Put(name, cookie, owner);
            if (_batchCount < EntriesPerBatch) continue;

            cancellationToken.ThrowIfCancellationRequested();
            var committed = await _committing;
            if (committed.IsError) return committed;
            Flush(owner, committed);
            progress?.Report(number + 1);
        }

        Flush(owner, await _committing);
        return await _committing;
    }

    private InodeRow? FindDirectory()
    {
        var version = default(ReadVersion);
        var row = _shard.FindInode(directory, ref version);
        return row is { Attributes.IsDirectory: true } ? row : null;
    }

    private bool IsTaken(FsName name)
    {
        var version = default(ReadVersion);
        return _shard.FindDentry(directory, name, ref version) is not null;
    }

    private void Put(FsName name, ulong cookie, Caller owner)
    {
        _batch ??= _shard.Begin(default, OperationKind.EntriesLoaded);
        _batchCount++;
        var (inode, stamp) = (_shard.NextInode(), _batch.Stamp);
        var attributes = new InodeAttributes(inode, store.Identity.Incarnation, Mode, 1, owner.Uid, owner.Gid, 0, 0, 0,
            stamp, stamp, stamp, stamp, 1);
        _batch.Put(new InodeRow(attributes, InodeId.None, stamp));
        _batch.Put(new DentryRow(directory, name, cookie, inode, FileMode.DirentType(Mode), stamp));
    }

    // What was committed before is awaited by the caller: an error of it stays the answer.
    private void Flush(Caller owner, FsResult<Nothing> before)
    {
        if (before.IsError || _batch is not { } batch || FindDirectory() is not { } parent)
        {
            _committing = Task.FromResult(before);
            return;
        }

        var (old, stamp, count) = (parent.Attributes, batch.Stamp, _batchCount);
        var attributes = old with
        {
            SizeBytes = old.SizeBytes + (ulong)count, Mtime = stamp, Ctime = stamp,
                ChangeCounter = old.ChangeCounter + 1,
        };
        batch.Put(parent with { Attributes = attributes, From = stamp });
        batch.AddCounter(CounterKey.User(owner.Uid), 0, count);
        batch.AddCounter(CounterKey.Group(owner.Gid), 0, count);
        (_batch, _batchCount) = (null, 0);
        _committing = _shard.Submit(batch).WhenDurableAsync().AsTask();
    }
}
