using System.Globalization;
using System.Text;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// Fills a directory with many empty files through the log, as fast as the tables follow: for trying out large
/// directories. Nobody else changes the directory meanwhile; batches of thousands of entries, each one operation of the
/// system.
/// </summary>
/// <param name="store">The store.</param>
/// <param name="directory">The directory; its new files are born in its shard.</param>
public sealed class BulkLoader(MetadataStore store, InodeId directory)
{
    private const int EntriesPerBatch = 2000;
    private const uint Mode = FileMode.Regular | 0x1A4;

    /// <summary>
    /// Creates files named prefix and number, from 0 to count - 1, owned by <paramref name="owner"/>. Errors: ENOENT
    /// (no such directory), EEXIST (a name is taken), EROFS, EIO.
    /// </summary>
    public async ValueTask<FsResult<Nothing>> LoadAsync(
        string prefix, int count, Caller owner, IProgress<int>? progress = null,
            CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var shard = store.Shards.Of(directory);
        for (var first = 0; first < count; first += EntriesPerBatch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = await LoadBatchAsync(shard, prefix, first, Math.Min(first + EntriesPerBatch, count), owner);
            if (result.IsError) return result;
            progress?.Report(Math.Min(first + EntriesPerBatch, count));
        }

        return Nothing.Value;
    }

    private ValueTask<FsResult<Nothing>> LoadBatchAsync(Shard shard, string prefix, int first, int end, Caller owner)
    {
        var version = default(ReadVersion);
        if (shard.FindInode(directory, ref version) is not { Attributes.IsDirectory: true } parent)
        {
            return new(FsError.ENOENT);
        }

        var batch = shard.Begin(default, OperationKind.EntriesLoaded);
        var cookies = new HashSet<ulong>();
        for (var number = first; number < end; number++)
        {
            var text = prefix + number.ToString(CultureInfo.InvariantCulture);
            var error = FsName.TryParse(Encoding.UTF8.GetBytes(text), out var name);
            if (error == FsError.None && shard.FindDentry(directory, name,
                ref version) is not null) error = FsError.EEXIST;
            if (error != FsError.None)
            {
                shard.Abandon(batch);
                return new(error);
            }

            // Two names of one batch with one hash: the second goes into the next batch's range of sight.
            var cookie = shard.CookieFor(directory, name);
            if (!cookies.Add(cookie)) return SubmitInTwoAsync(shard, batch, prefix, number, end, owner, parent,
                number - first);
            Put(shard, batch, name, cookie, owner);
        }

        return SubmitAsync(shard, batch, parent, owner, end - first);
    }

    private async ValueTask<FsResult<Nothing>> SubmitInTwoAsync(Shard shard, ShardBatch batch, string prefix,
        int next, int end,
        Caller owner, InodeRow parent, int loaded)
    {
        var result = await SubmitAsync(shard, batch, parent, owner, loaded);
        return result.IsError ? result : await LoadBatchAsync(shard, prefix, next, end, owner);
    }

    private void Put(Shard shard, ShardBatch batch, FsName name, ulong cookie, Caller owner)
    {
        var (inode, stamp) = (shard.NextInode(), batch.Stamp);
        batch.Put(new InodeRow(
            new(inode, store.Identity.Incarnation, Mode, 1, owner.Uid, owner.Gid, 0, 0, 0, stamp, stamp, stamp, stamp,
                1),
            InodeId.None, stamp));
        batch.Put(new DentryRow(directory, name, cookie, inode, FileMode.DirentType(Mode), stamp));
    }

    private static ValueTask<FsResult<Nothing>> SubmitAsync(
        Shard shard, ShardBatch batch, InodeRow parent, Caller owner, int loaded)
    {
        var (before, stamp) = (parent.Attributes, batch.Stamp);
        var after = before with
        {
            SizeBytes = before.SizeBytes + (ulong)loaded, Mtime = stamp, Ctime = stamp,
                ChangeCounter = before.ChangeCounter + 1,
        };
        batch.Put(parent with { Attributes = after, From = stamp });
        batch.AddCounter(CounterKey.User(owner.Uid), 0, loaded);
        batch.AddCounter(CounterKey.Group(owner.Gid), 0, loaded);
        return shard.Submit(batch).WhenDurableAsync();
    }
}
