using System.Collections.Immutable;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Leases;

/// <summary>Who holds leases on one inode. Nearly always one session, so the first needs no array.</summary>
internal struct Holders
{
    private HeldLease _first;
    private HeldLease[]? _rest;

    /// <summary>Sessions that hold one.</summary>
    public int Count { get; private set; }

    public readonly bool IsEmpty => Count == 0;

    public readonly bool HasWriter => _first.Mode == LeaseMode.Write;

    public readonly HeldLease Find(SessionId session)
    {
        for (var i = 0; i < Count; i++)
        {
            if (At(i).Session == session) return At(i);
        }

        return default;
    }

    public readonly bool Conflicts(SessionId session, LeaseMode wanted)
    {
        for (var i = 0; i < Count; i++)
        {
            if (IsConflict(At(i), session, wanted)) return true;
        }

        return false;
    }

    public readonly void AddConflicts(SessionId session, LeaseMode wanted, ImmutableArray<HeldLease>.Builder into)
    {
        for (var i = 0; i < Count; i++)
        {
            if (IsConflict(At(i), session, wanted)) into.Add(At(i));
        }
    }

    public readonly IEnumerable<SessionId> Sessions()
    {
        for (var i = 0; i < Count; i++) yield return At(i).Session;
    }

    /// <summary>Adds or replaces the session's lease.</summary>
    public void Set(HeldLease lease)
    {
        for (var i = 0; i < Count; i++)
        {
            if (At(i).Session != lease.Session) continue;
            Put(i, lease);
            return;
        }

        Put(Count++, lease);
    }

    /// <summary>Whether the session held one.</summary>
    public bool Remove(SessionId session)
    {
        for (var i = 0; i < Count; i++)
        {
            if (At(i).Session != session) continue;
            Put(i, At(Count - 1));
            Put(--Count, default);
            return true;
        }

        return false;
    }

    private static bool IsConflict(in HeldLease lease, SessionId session, LeaseMode wanted) =>
        lease.Session != session && (wanted == LeaseMode.Write || lease.Mode == LeaseMode.Write);

    private readonly HeldLease At(int index) => index == 0 ? _first : _rest![index - 1];

    private void Put(int index, HeldLease lease)
    {
        if (index == 0)
        {
            _first = lease;
            return;
        }

        _rest ??= new HeldLease[2];
        if (index > _rest.Length) Array.Resize(ref _rest, _rest.Length * 2);
        _rest[index - 1] = lease;
    }
}
