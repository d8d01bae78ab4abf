using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// Counters of usage against the inodes that they count, and numbers of inodes against what was promised.
/// </summary>
internal sealed class CounterCheck(List<CheckFinding> findings)
{
    private readonly Dictionary<(ShardId, CounterKey), Usage> _expected = [];
    private readonly Dictionary<(ShardId, CounterKey), Usage> _kept = [];
    private readonly Dictionary<ShardId, ulong> _highest = [];
    private readonly HashSet<ShardId> _promised = [];

    public void AddInode(InodeRow row)
    {
        var (shard, attributes) = (row.Inode.Shard, row.Attributes);
        Expect((shard, CounterKey.User(attributes.Uid)), (long)attributes.AllocatedBytes);
        Expect((shard, CounterKey.Group(attributes.Gid)), (long)attributes.AllocatedBytes);
        if (row.Inode.Counter > _highest.GetValueOrDefault(shard)) _highest[shard] = row.Inode.Counter;
    }

    public void AddCounter(ShardId shard, CounterRow row) => _kept[(shard, row.Counter)] = new(row.Bytes, row.Inodes);

    public void AddShard(ShardId shard, ShardRow row)
    {
        _promised.Add(shard);
        if (_highest.GetValueOrDefault(shard) < row.InodeCeiling) return;
        findings.Add(new(CheckSeverity.Error, $"Inode numbers up to {_highest[shard]} are in use, but only those below "
            + $"{row.InodeCeiling} were promised", $"shard {shard}",
                "Raise the shard's ceiling before anything is created"));
    }

    public void Finish()
    {
        foreach (var shard in _highest.Keys.Where(shard => !_promised.Contains(shard)).Order())
        {
            // The root's number is nobody's promise.
            if (shard == InodeId.Root.Shard && _highest[shard] == InodeId.Root.Counter) continue;
            findings.Add(new(CheckSeverity.Error, "A shard has inodes, but not what numbers it has promised",
                $"shard {shard}", "Numbers could be given out twice: repair it before anything is created"));
        }

        foreach (var (shard, counter) in _expected.Keys.Union(_kept.Keys))
        {
            var expected = _expected.GetValueOrDefault((shard, counter));
            var kept = _kept.GetValueOrDefault((shard, counter));
            if (kept == expected) continue;
            findings.Add(new(
                CheckSeverity.Warning, $"A counter says {kept.Bytes} bytes and {kept.Inodes} inodes, but there "
                + $"are {expected.Bytes} and {expected.Inodes}", $"counter {counter} of shard {shard}",
                    "Correct the counter"));
        }
    }

    private void Expect((ShardId, CounterKey) key, long bytes)
    {
        ref var usage = ref CollectionsMarshal.GetValueRefOrAddDefault(_expected, key, out _);
        usage = new(usage.Bytes + bytes, usage.Inodes + 1);
    }
}
