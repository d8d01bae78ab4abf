using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Model;

internal sealed partial class ModelRun
{
    // Every inode: what moved moved, what did not is as it was.
    private async Task CheckAllAsync(bool isListing)
    {
        foreach (var node in _model.Nodes)
        {
            var now = TestClient.Ok(await GrainOf(node).GetAttributesAsync(SessionId.None)).Attributes;
            CheckNode(node, now);
            if (isListing && node.IsDirectory) await CheckListingAsync(node);
            if (isListing) await CheckXattrsAsync(node);
        }
    }

    private static void CheckNode(ModelNode node, in InodeAttributes now)
    {
        Same((node.Number, node.Mode, node.Uid, node.Gid, node.Nlink, node.SizeBytes),
            (node.Number, now.Mode, now.Uid, now.Gid, now.Nlink, now.SizeBytes));
        var last = node.Last;
        Same((node.Number, "ctime moved", node.IsCtimeMoved), (node.Number, "ctime moved", now.Ctime > last.Ctime));
        Same((node.Number, "change counted", node.IsCtimeMoved),
            (node.Number, "change counted", now.ChangeCounter > last.ChangeCounter));
        Same((node.Number, "mtime moved", node.IsMtimeMoved), (node.Number, "mtime moved", now.Mtime > last.Mtime));
        Same(last.Btime, now.Btime);
        Same(last.Atime, now.Atime);
        (node.Last, node.IsCtimeMoved, node.IsMtimeMoved) = (now, false, false);
    }

    private async Task CheckListingAsync(ModelNode node)
    {
        var listed = await _clients[0].ListAsync(node.Inode, pageCount: 2);
        var names = listed.Select(entry => $"{entry.Name}={entry.Inode}").Order(StringComparer.Ordinal);
        Same(string.Join(",", node.Entries.Select(entry =>
            $"{entry.Key}={entry.Value.Inode}").Order(StringComparer.Ordinal)),
            string.Join(",", names));
        foreach (var entry in listed) Same(entry.Inode, entry.Attributes.Inode);
        var page = TestClient.Ok(await silo.Directory(node.Inode).ReadAsync(_clients[0].Id, 0, 1, false));
        if (node.Nlink > 0) Same(node.Parent!.Inode, page.Parent);
    }

    private async Task CheckXattrsAsync(ModelNode node)
    {
        var names = TestClient.Ok(await GrainOf(node).ListXattrAsync(_clients[0].Id));
        Same(string.Join(",", node.Xattrs.Keys),
            string.Join(",", names.Select(name => name.ToString()).Order(StringComparer.Ordinal)));
        foreach (var (name, value) in node.Xattrs)
        {
            var found = TestClient.Ok(await GrainOf(node).GetXattrAsync(_clients[0].Id, FsName.Of(name)));
            Same(value, Assert.Single(found));
        }
    }

    // Closes all orphans, then: allocation, counters and references are what the rows that are left say.
    private async Task FinishAsync()
    {
        foreach (var node in _model.Nodes.FindAll(node => node.Nlink == 0))
        {
            foreach (var client in _clients)
            {
                await GrainOf(node).ForgetOrphanAsync(client.Id);
                _model.Forget(node, client.Id.Value);
            }
        }

        await CheckAllAsync(isListing: true);
        foreach (var memory in silo.Core.Memories) Same(0, memory.Intents.Count);
        var usage = new Dictionary<CounterKey, Usage>();
        foreach (var node in _model.Nodes)
        {
            CheckAllocation(node);
            Add(usage, CounterKey.User(node.Uid), node);
            Add(usage, CounterKey.Group(node.Gid), node);
            Add(usage, CounterKey.Total, node);
        }

        foreach (var (key, expected) in usage) Same((key, expected), (key, silo.Store.GetUsage(key)));
        await CheckReferencesAsync();
    }

    private void CheckAllocation(ModelNode node)
    {
        var version = default(ReadVersion);
        var shard = silo.Store.Shards.Of(node.Inode);
        var extents = new ExtentRow[16];
        var count = shard.ReadExtents(node.Inode, 0, extents, ref version);
        var bytes = node.IsRegular ? shard.FindInline(node.Inode, ref version)?.Bytes.Length ?? 0 : 0;
        Same((node.Number, (ulong)bytes + (ulong)extents.Take(count).Sum(row => row.AllocatedBytes)),
            (node.Number, node.Last.AllocatedBytes));
        foreach (var extent in extents.Take(count))
        {
            foreach (var piece in extent.Pieces)
            {
                if (piece.IsStored) Count(piece.Location, 1);
            }
        }
    }

    private readonly Dictionary<ChunkLocation, int> _expected = [];

    private void Count(ChunkLocation location, int delta) =>
        _expected[location] = _expected.GetValueOrDefault(location) + delta;

    private async Task CheckReferencesAsync()
    {
        // What forgetting freed was not waited for: it is committed first.
        TestClient.Ok(await silo.Store.SyncAsync());
        await silo.Store.DrainAsync();
        var counted = silo.Feed.Counts;
        foreach (var (location, count) in counted)
        {
            if (count != 0) Same((location, _expected.GetValueOrDefault(location)), (location, count));
        }

        foreach (var (location, count) in _expected)
        {
            Same((location, count), (location, counted.GetValueOrDefault(location)));
        }
    }

    private static void Add(Dictionary<CounterKey, Usage> usage, CounterKey key, ModelNode node)
    {
        var before = usage.GetValueOrDefault(key);
        usage[key] = new(before.Bytes + (long)node.Last.AllocatedBytes, before.Inodes + 1);
    }
}
