using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Leases;

/// <summary>A lease as its shard knows it.</summary>
public readonly record struct HeldLease(SessionId Session, LeaseMode Mode, ulong Number);

/// <summary>
/// The leases of one shard, in memory only: which sessions may answer locally for which inodes. Read leases are shared,
/// a write lease is alone. While someone has, or waits for, the intent on an inode nothing new is granted on it, so
/// that who took the intent and then sees no conflict stays alone.
/// <para>Sessions that were there before this owner and have not come back are <i>absent</i>: they may hold anything,
/// so they conflict with everything until they have their leases again or their term is over.</para>
/// Thread-safe: one lock, taken before the intent table's. Nothing is called under it but that table.
/// </summary>
public sealed class LeaseTable(IntentTable intents, Epoch epoch)
{
    // Grants of one epoch: a million a second for half a year; a million starts of the owner fit above.
    private const int GrantBits = 44;

    private readonly Lock _lock = new();
    private readonly Dictionary<InodeId, Holders> _holders = [];
    private readonly Dictionary<SessionId, SessionLeases> _sessions = [];
    private readonly Dictionary<InodeId, ImmutableArray<SessionId>> _open = [];
    private readonly HashSet<SessionId> _absent = [];

    // Above all numbers of earlier epochs, so that a client compares numbers alone: which of a grant and a recall came
    // first, whatever happened to its session and to the shard's owner in between.
    private ulong _lastNumber = checked(epoch.Value << GrantBits);

    /// <summary>The shard's epoch, which every grant names.</summary>
    public Epoch Epoch => epoch;

    /// <summary>Leases held.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                var count = 0;
                foreach (var session in _sessions.Values) count += session.Count;
                return count;
            }
        }
    }

    /// <summary>Whether the session's row for this shard is committed, and so grants may be made to it.</summary>
    public bool IsEntered(SessionId session)
    {
        lock (_lock) return _sessions.ContainsKey(session);
    }

    /// <summary>The session's row for this shard is committed: it may be granted leases.</summary>
    public void Enter(SessionId session)
    {
        lock (_lock) _sessions.TryAdd(session, new());
    }

    /// <summary>A session of an earlier owner that has not its leases again yet.</summary>
    public void AddAbsent(SessionId session)
    {
        lock (_lock) _absent.Add(session);
    }

    /// <summary>
    /// Grants Read if that needs no wait, or renews what the session has; else None. Reading the rows after this call
    /// gives what the lease covers.
    /// </summary>
    public LeaseGrant TryGrantRead(InodeId inode, SessionId session)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session, out var leases)) return LeaseGrant.None;
            if (IsAbsentOther(session) || intents.IsTaken(inode)) return LeaseGrant.None;
            ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(_holders, inode, out var exists);
            var own = holders.Find(session);
            if (own.Mode == LeaseMode.None && !MayAddReader(ref holders, leases))
            {
                if (!exists) _holders.Remove(inode);
                return LeaseGrant.None;
            }

            var mode = own.Mode == LeaseMode.None ? LeaseMode.Read : own.Mode;
            return Put(ref holders, inode, session, leases, own, mode);
        }
    }

    /// <summary>Grants, or replaces what the session has. The caller has the intent and has seen no conflict.</summary>
    public LeaseGrant Grant(InodeId inode, SessionId session, LeaseMode mode)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(session, out var leases)) return LeaseGrant.None;
            ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(_holders, inode, out _);
            Invariant.That(!holders.Conflicts(session, mode));
            return Put(ref holders, inode, session, leases, holders.Find(session), mode);
        }
    }

    /// <summary>
    /// Grants again what a session held before this owner; None when it cannot have held it. Takes no notice of
    /// intents: who has one waits for the session to settle.
    /// </summary>
    public LeaseGrant Reclaim(InodeId inode, SessionId session, LeaseMode mode)
    {
        lock (_lock)
        {
            if (!_absent.Contains(session) || !_sessions.TryGetValue(session, out var leases)) return LeaseGrant.None;
            ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(_holders, inode, out var exists);
            if (!holders.Conflicts(session, mode)) return Put(
                ref holders, inode, session, leases, holders.Find(session), mode);
            if (!exists) _holders.Remove(inode);
            return LeaseGrant.None;
        }
    }

    /// <summary>
    /// Whether another session's lease stands against this session's wish: Write for a change, Read for a read.
    /// </summary>
    public bool HasConflict(InodeId inode, SessionId session, LeaseMode wanted)
    {
        lock (_lock)
        {
            if (IsAbsentOther(session)) return true;
            ref var holders = ref CollectionsMarshal.GetValueRefOrNullRef(_holders, inode);
            return !System.Runtime.CompilerServices.Unsafe.IsNullRef(ref holders) && holders.Conflicts(session, wanted);
        }
    }

    /// <summary>What stands against the wish: leases to recall, and absent sessions to wait for (mode None).</summary>
    public ImmutableArray<HeldLease> Conflicts(InodeId inode, SessionId session, LeaseMode wanted)
    {
        var conflicts = ImmutableArray.CreateBuilder<HeldLease>();
        lock (_lock)
        {
            foreach (var absent in _absent.OrderBy(static id => id.Value))
            {
                if (absent != session) conflicts.Add(new(absent, LeaseMode.None, 0));
            }

            if (_holders.TryGetValue(inode, out var holders)) holders.AddConflicts(session, wanted, conflicts);
        }

        return conflicts.DrainToImmutable();
    }

    /// <summary>What the session holds on the inode; mode None when nothing.</summary>
    public HeldLease Find(InodeId inode, SessionId session)
    {
        lock (_lock) return _holders.TryGetValue(inode, out var holders) ? holders.Find(session) : default;
    }

    /// <summary>
    /// A lease comes back, wholly or down to Read: everything granted to the session up to <paramref name="number"/>. A
    /// later grant stays. <paramref name="isOpen"/>: the session has the inode open and counts for its life without a
    /// lease.
    /// </summary>
    public void Return(InodeId inode, SessionId session, ulong number, LeaseMode kept, bool isOpen)
    {
        lock (_lock)
        {
            SetOpen(inode, session, isOpen);
            ref var holders = ref CollectionsMarshal.GetValueRefOrNullRef(_holders, inode);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref holders)) return;
            var own = holders.Find(session);
            if (own.Mode == LeaseMode.None || own.Number > number || kept >= own.Mode) return;
            if (kept == LeaseMode.None) Remove(ref holders, inode, session);
            else holders.Set(own with { Mode = kept });
        }
    }

    /// <summary>
    /// The session, or what it asked for, is over: it holds nothing on the inode and has it not open.
    /// </summary>
    public void Forget(InodeId inode, SessionId session)
    {
        lock (_lock)
        {
            SetOpen(inode, session, false);
            ref var holders = ref CollectionsMarshal.GetValueRefOrNullRef(_holders, inode);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref holders)) return;
            if (holders.Find(session).Mode != LeaseMode.None) Remove(ref holders, inode, session);
        }
    }

    /// <summary>The inode is gone: nobody holds or has open anything of it.</summary>
    public void Forget(InodeId inode)
    {
        lock (_lock)
        {
            _open.Remove(inode);
            if (!_holders.Remove(inode, out var holders)) return;
            foreach (var session in holders.Sessions()) _sessions[session].Count--;
        }
    }

    /// <summary>Sessions that gave their lease back but have the inode open.</summary>
    public ImmutableArray<SessionId> OpenHolders(InodeId inode)
    {
        lock (_lock) return _open.GetValueOrDefault(inode, []);
    }

    /// <summary>The session is over: all it held is free, and it is granted nothing any more.</summary>
    public void Drop(SessionId session)
    {
        lock (_lock)
        {
            _absent.Remove(session);
            ReturnAll(session);
            _sessions.Remove(session);
            foreach (var inode in _open.Keys.ToArray()) SetOpen(inode, session, false);
        }
    }

    /// <summary>The session has come back and has its leases again: nothing has to wait for it.</summary>
    public void NoteSettled(SessionId session)
    {
        lock (_lock) _absent.Remove(session);
    }

    private void ReturnAll(SessionId session)
    {
        foreach (var inode in _holders.Keys.ToArray())
        {
            ref var holders = ref CollectionsMarshal.GetValueRefOrNullRef(_holders, inode);
            if (holders.Remove(session) && holders.IsEmpty) _holders.Remove(inode);
        }

        if (_sessions.TryGetValue(session, out var leases)) leases.Count = 0;
    }

    private bool IsAbsentOther(SessionId session) =>
        _absent.Count > 0 && (_absent.Count > 1 || !_absent.Contains(session));

    private static bool MayAddReader(ref Holders holders, SessionLeases leases) =>
        !holders.HasWriter && holders.Count < Limits.LeaseHoldersMax && leases.Count < Limits.LeasesPerSessionMax;

    private LeaseGrant Put(ref Holders holders, InodeId inode, SessionId session, SessionLeases leases, HeldLease own,
        LeaseMode mode)
    {
        if (own.Mode == LeaseMode.None) leases.Count++;
        var number = ++_lastNumber;
        holders.Set(new(session, mode, number));
        if (_open.Count > 0) SetOpen(inode, session, false);
        return new(mode, Epoch, number);
    }

    private void Remove(ref Holders holders, InodeId inode, SessionId session)
    {
        holders.Remove(session);
        if (_sessions.TryGetValue(session, out var leases)) leases.Count--;
        if (holders.IsEmpty) _holders.Remove(inode);
    }

    private void SetOpen(InodeId inode, SessionId session, bool isOpen)
    {
        if (!_open.TryGetValue(inode, out var sessions)) sessions = [];
        if (sessions.Contains(session) == isOpen) return;
        sessions = isOpen ? sessions.Add(session) : sessions.Remove(session);
        if (sessions.IsEmpty) _open.Remove(inode);
        else _open[inode] = sessions;
    }

    private sealed class SessionLeases
    {
        public int Count { get; set; }
    }
}
