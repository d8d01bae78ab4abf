using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// Reads all rows of a kind that can be read. Where a part of a table is damaged, it goes shard by shard, forwards up
/// to the damage and backwards down to it; what is lost in between is a finding.
/// </summary>
internal sealed class SalvageReader(IRowTable rows, List<CheckFinding> findings)
{
    private const string Advice = "`cfs fsck --repair` keeps what can be read and says what is lost";

    /// <summary>The rows, each once.</summary>
    public IEnumerable<KeyValuePair<ShardId, Row>> ReadAll(RowKind kind)
    {
        if (TryCount(rows.ReadAll(kind), out _)) return rows.ReadAll(kind);
        return ReadByShard(kind);
    }

    private IEnumerable<KeyValuePair<ShardId, Row>> ReadByShard(RowKind kind)
    {
        (ShardId First, ShardId Last, string Fault)? unreadable = null;
        for (ushort number = 0; number < ShardId.Count; number++)
        {
            var shard = new ShardId(number);
            var found = Take(rows.ReadShard(kind, shard, isDescending: false), out var fault);
            foreach (var row in found) yield return new(shard, row);
            if (fault is null) continue;
            var keys = found.Select(static row => row.Key).ToHashSet();
            var rest = Take(rows.ReadShard(kind, shard, isDescending: true), out _);
            foreach (var row in rest)
            {
                if (keys.Add(row.Key)) yield return new(shard, row);
            }

            if (found.Count + rest.Count > 0)
            {
                Report(
                    $"Rows of kind {kind} of shard {shard} cannot be read, after {End(found)} and before {End(rest)}",
                    fault.Message);
            }
            else if (unreadable is var (first, last, message) && message == fault.Message && last.Value == number - 1)
            {
                unreadable = (first, shard, message);
            }
            else
            {
                Report(kind, unreadable);
                unreadable = (shard, shard, fault.Message);
            }
        }

        Report(kind, unreadable);
    }

    // Neighbours are told of together: a page high in the tree stands for all shards.
    private void Report(RowKind kind, (ShardId First, ShardId Last, string Fault)? unreadable)
    {
        if (unreadable is not var (first, last, fault)) return;
        Report($"Rows of kind {kind} of the shards {first} to {last}, if there are any, cannot be read", fault);
    }

    private void Report(string what, string fault) =>
        findings.Add(new(CheckSeverity.Damage, $"{what}: {fault}", rows.Name, Advice));

    private static string End(List<Row> taken) => taken.Count > 0 ? $"{taken[^1].Key}" : "the end";

    private static bool TryCount(IEnumerable<KeyValuePair<ShardId, Row>> all, out long count)
    {
        count = 0;
        try
        {
            foreach (var _ in all) count++;
            return true;
        }
        catch (FsException)
        {
            return false;
        }
    }

    private static List<Row> Take(IEnumerable<Row> source, out FsException? fault)
    {
        var taken = new List<Row>();
        fault = null;
        try
        {
            foreach (var row in source) taken.Add(row);
        }
        catch (FsException damage)
        {
            fault = damage;
        }

        return taken;
    }
}
