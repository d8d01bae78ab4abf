using System.Collections.Concurrent;
using ClaudeFs.Grains.Storage;

namespace ClaudeFs.Grains.Quotas;

/// <summary>
/// Which users and groups have limits. While nobody has any, a charge costs one read of a flag. Thread-safe; written
/// by the
/// quota grains alone.
/// </summary>
internal sealed class QuotaLedger
{
    private readonly ConcurrentDictionary<CounterKey, QuotaLimits> _limits = new();
    private volatile bool _hasLimits;

    /// <summary>Whether anyone has limits.</summary>
    public bool HasLimits => _hasLimits;

    /// <summary>The limits, none by default.</summary>
    public QuotaLimits Find(CounterKey key) => _limits.GetValueOrDefault(key);

    /// <summary>Sets limits; both 0 removes them.</summary>
    public void Set(CounterKey key, QuotaLimits limits)
    {
        if (limits == default) _limits.TryRemove(key, out _);
        else _limits[key] = limits;
        _hasLimits = !_limits.IsEmpty;
    }

    /// <summary>Whether charges of this user or group need a slice.</summary>
    public bool IsLimited(CounterKey key) => _hasLimits && _limits.ContainsKey(key);
}
