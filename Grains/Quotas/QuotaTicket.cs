using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;

namespace ClaudeFs.Grains.Quotas;

/// <summary>What a charge lacks: to be lent before the operation is tried again.</summary>
internal readonly record struct QuotaNeed(CounterKey Key, long Bytes, long Inodes)
{
    public bool IsNone => Key.Kind == CounterKind.Total;
}

/// <summary>
/// The charges of one operation in one shard: taken before the batch is filled, written into it as deltas, settled
/// when it is
/// submitted. Lives within one turn.
/// </summary>
internal ref struct QuotaTicket(ShardMemory memory, QuotaLedger ledger)
{
    private QuotaNeed _user;
    private QuotaNeed _group;

    /// <summary>What was missing when a charge failed.</summary>
    public QuotaNeed Need { get; private set; }

    /// <summary>
    /// Charges a user and a group, of those alone that have limits; false when a slice is too small, and then nothing
    /// is charged.
    /// Negative amounts are given back by the counters themselves and need no slice.
    /// </summary>
    public bool TryCharge(CounterKey? user, CounterKey? group, long bytes, long inodes)
    {
        if (!ledger.HasLimits) return true;
        (bytes, inodes) = (Math.Max(bytes, 0), Math.Max(inodes, 0));
        if (bytes == 0 && inodes == 0) return true;
        if (!TryTake(user, bytes, inodes, ref _user)) return false;
        if (TryTake(group, bytes, inodes, ref _group)) return true;
        Cancel();
        return false;
    }

    /// <summary>The batch is applied.</summary>
    public readonly void Settle()
    {
        if (!_user.IsNone) memory.Slices.Settle(_user.Key, _user.Bytes, _user.Inodes);
        if (!_group.IsNone) memory.Slices.Settle(_group.Key, _group.Bytes, _group.Inodes);
    }

    /// <summary>There will be no batch.</summary>
    public void Cancel()
    {
        if (!_user.IsNone) memory.Slices.Cancel(_user.Key, _user.Bytes, _user.Inodes);
        if (!_group.IsNone) memory.Slices.Cancel(_group.Key, _group.Bytes, _group.Inodes);
        (_user, _group) = (default, default);
    }

    private bool TryTake(CounterKey? key, long bytes, long inodes, ref QuotaNeed taken)
    {
        if (key is not { } counter || !ledger.IsLimited(counter)) return true;
        if (!memory.Slices.TryTake(counter, bytes, inodes))
        {
            Need = new(counter, bytes, inodes);
            return false;
        }

        taken = new(counter, bytes, inodes);
        return true;
    }
}
