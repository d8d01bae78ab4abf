using ClaudeFs.Client.Sessions;
using ClaudeFs.Client.Threading;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Nodes;

/// <summary>
/// What the client knows of one inode: attributes, lease, and for files and directories what the lease lets it keep.
/// </summary>
/// <remarks>
/// Invariants: everything but the pins is guarded by <see cref="Sync"/>, held only for short synchronous work, never
/// across
/// an await and never while another inode's is held. What was learnt is used only while <see cref="Holds"/> says so.
/// Pins: above 0 somebody uses the inode; -1 it has left the table for good. Lock order: Sync, then the dirty list,
/// then
/// budgets, caches and pools.
/// </remarks>
internal sealed class CachedInode(InodeId id, EntryTally tally)
{
    private InodeAttributes _server;
    private LeaseMode _mode;
    private ulong _number;
    private ulong _recalledNumber;
    private Epoch _epoch;
    private List<NameUnderChange>? _namesUnderChange;
    private ClientSession? _session;
    private bool _isVoid;
    private long _voidSince;
    private int _pins = 1;

    /// <summary>Guards the members.</summary>
    public Lock Sync { get; } = new();

    /// <summary>Which inode.</summary>
    public InodeId Id { get; } = id;

    /// <summary>Whether attributes were ever learnt; they may be old.</summary>
    public bool HasAttributes => !_server.Inode.IsNone;

    /// <summary>Attributes as the grain last told them.</summary>
    public InodeAttributes Server => _server;

    /// <summary>Attributes as callers see them: with what is buffered.</summary>
    public InodeAttributes Visible => Content is null ? _server : Content.Overlay(_server);

    /// <summary>The client itself changed something since, in a way that only the grain can tell.</summary>
    public bool IsStale { get; private set; }

    /// <summary>When the client last began or ended a change of its own; compare
    /// <see cref="NodeTable.Fence"/>.</summary>
    public long ChangedAt { get; private set; }

    /// <summary>A recall is being answered: nothing may be kept by front ends any more.</summary>
    public bool IsRecalling { get; set; }

    /// <summary>The lease's number; 0 when there is none.</summary>
    public ulong LeaseNumber => _mode == LeaseMode.None ? 0 : _number;

    /// <summary>Under which session the last lease was granted; what is buffered was written under it.</summary>
    public ClientSession? Session => _session;

    /// <summary>What the lease allows, if its session is valid.</summary>
    public LeaseMode Mode => _mode;

    /// <summary>The file's content; null until it is first read or written.</summary>
    public FileContent? Content { get; set; }

    /// <summary>A directory's names that are known, absent ones as None; null until the first is learnt.</summary>
    public Dictionary<FsName, InodeId>? Entries { get; private set; }

    /// <summary>Parent of a directory, from its listing.</summary>
    public InodeId Parent { get; set; }

    /// <summary>Changes of the client's own that have been sent and not answered.</summary>
    public int ChangesUnderWay { get; set; }

    /// <summary>Handles open on it.</summary>
    public int OpenCount { get; set; }

    /// <summary>Its last name is gone, as far as is known.</summary>
    public bool IsOrphan { get; set; }

    /// <summary>A lease was given back with the word that the inode is open: the grain waits for
    /// ForgetOrphan.</summary>
    public bool HasToldOpen { get; set; }

    /// <summary>It is known to have no extended attributes.</summary>
    public bool HasNoXattrs { get; set; }

    /// <summary>Serialises asking for leases; made when first needed.</summary>
    public AsyncGate? LeaseGate { get; set; }

    /// <summary>Used since the trimmer last came by. Not guarded.</summary>
    public bool IsUsed { get; set; } = true;

    /// <summary>The kernel has let it go. Not guarded.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>The proxy of its grain, by type. Not guarded: any of several equal ones will do.</summary>
    public IInodeOperations? Proxy { get; set; }

    /// <summary>Whether what was learnt may be used, or with Write also changed, at this moment.</summary>
    public bool Holds(LeaseMode mode, ClientSession? session) =>
        _mode >= mode && session is not null && ReferenceEquals(_session, session) && session.IsValid
        && session.EpochOf(Id.Shard) == _epoch;

    /// <summary>
    /// Whether attributes may be told from here. While a change of the client's own is under way they are asked for:
    /// another client may have been told already what its answer will say.
    /// </summary>
    public bool CanTell(ClientSession? session) => ChangesUnderWay == 0 && CanAnswer(session);

    /// <summary>Whether attributes are known, and hold.</summary>
    public bool CanAnswer(ClientSession? session) => HasAttributes && !IsStale && Holds(LeaseMode.Read, session);

    /// <summary>How long a front end may keep attributes or names.</summary>
    public TimeSpan Ttl(ClientSession? session, TimeSpan max)
    {
        if (session is null || IsRecalling || !Holds(LeaseMode.Read, session)) return TimeSpan.Zero;
        var remaining = session.Remaining;
        return remaining < max ? remaining : max;
    }

    /// <summary>The number of the lease that holds now; 0 when none does.</summary>
    public ulong HeldNumber(ClientSession? session) => Holds(LeaseMode.Read, session) ? _number : 0;

    /// <summary>
    /// Whether the lease of this number has held without a break until now: what was read or changed meanwhile under it
    /// is still so.
    /// </summary>
    public bool IsStillHeld(ulong number, ClientSession? session) =>
        number > _recalledNumber && Holds(LeaseMode.Read, session);

    /// <summary>
    /// Takes in attributes that were asked for at <paramref name="fence"/>, or answered a change of the client's own
    /// that began then and has not been marked as ended. Older ones than those here are passed over; so is, for
    /// staleness, what another change of the client's own may have overtaken. What was asked for before a session was
    /// lost, and may have been answered under the next, is shown but not kept: it is asked for again.
    /// </summary>
    public void Learn(in InodeAttributes attributes, long fence)
    {
        if (fence < _voidSince)
        {
            if (_isVoid) (_server, IsStale) = (attributes, true);
            return;
        }

        var isOlder = HasAttributes && !_isVoid && attributes.ChangeCounter < _server.ChangeCounter;
        if (isOlder) return;
        (_server, _isVoid) = (attributes, false);
        if (ChangedAt <= fence) IsStale = false;
    }

    /// <summary>The client begins or ends a change of its own.</summary>
    public void MarkChanged(long at, bool isStale)
    {
        ChangedAt = Math.Max(ChangedAt, at);
        IsStale |= isStale;
    }

    /// <summary>
    /// Takes in a grant; one that was recalled already is passed over. True when the granted lease, or a later one that
    /// followed without a break, holds: then what came with the grant is still so.
    /// </summary>
    public bool Accept(LeaseGrant grant, ClientSession? session)
    {
        if (grant.Mode == LeaseMode.None || session is null || session.IsLost) return false;
        session.LearnEpoch(Id.Shard, grant.Epoch);
        if (grant.Number <= _recalledNumber) return false;
        if (_mode != LeaseMode.None && grant.Number <= _number) return true;
        if (_mode != LeaseMode.None && (!ReferenceEquals(_session, session) || _epoch != grant.Epoch)) NoteLoss();
        if (_mode == LeaseMode.None) ForgetLearnt();
        (_mode, _number, _epoch, _session) = (grant.Mode, grant.Number, grant.Epoch, session);
        HasToldOpen = false;
        return true;
    }

    /// <summary>
    /// A change of the client's own to a name has left; ends with <see cref="EndName"/>. Until then the name is asked
    /// for: the silo shows the client its own changes before they are committed, and of two names of one rename the one
    /// must not be new and the other old.
    /// </summary>
    public void BeginName(FsName name)
    {
        Forget(name);
        _namesUnderChange ??= [];
        var at = _namesUnderChange.FindIndex(other => other.Name == name);
        if (at < 0) _namesUnderChange.Add(new(name, 1, false));
        else _namesUnderChange[at] = new(name, _namesUnderChange[at].Count + 1, true);
    }

    /// <summary>
    /// True when no other change of the same name was under way: of two whose answers may come in any order neither
    /// tells what the name is now.
    /// </summary>
    public bool EndName(FsName name)
    {
        var at = _namesUnderChange!.FindIndex(other => other.Name == name);
        var (_, count, isContested) = _namesUnderChange[at];
        if (count == 1) _namesUnderChange.RemoveAt(at);
        else _namesUnderChange[at] = new(name, count - 1, isContested);
        return !isContested;
    }

    /// <summary>
    /// Remembers a name; false when there is no room or it is being changed, and so no front end may keep it either.
    /// </summary>
    public bool Remember(FsName name, InodeId child)
    {
        if (_namesUnderChange is { Count: > 0 } changing && changing.Exists(other => other.Name == name)) return false;
        Entries ??= [];
        if (!Entries.ContainsKey(name) && !tally.TryAdd()) return false;
        Entries[name] = child;
        return true;
    }

    /// <summary>Forgets a name.</summary>
    public void Forget(FsName name)
    {
        if (Entries is not null && Entries.Remove(name)) tally.Remove(1);
    }

    /// <summary>Forgets all names.</summary>
    public void ForgetEntries()
    {
        if (Entries is null) return;
        tally.Remove(Entries.Count);
        Entries = null;
    }

    /// <summary>
    /// A recall of everything up to <paramref name="number"/> ends. Returns what is kept of it: a later grant stands
    /// and is not counted. A recall that overtook its grant leaves nothing: the grant would undo it.
    /// </summary>
    public LeaseMode GiveBack(ulong number, LeaseMode keepAtMost)
    {
        if (_mode != LeaseMode.None && _number > number) return LeaseMode.None;
        if (keepAtMost != LeaseMode.None && _mode != LeaseMode.None && _number == number)
        {
            _mode = _mode < keepAtMost ? _mode : keepAtMost;
            return _mode;
        }

        _recalledNumber = Math.Max(_recalledNumber, number);
        _mode = LeaseMode.None;
        ForgetLearnt();
        return LeaseMode.None;
    }

    /// <summary>Whether a grant later than <paramref name="number"/> stands.</summary>
    public bool IsGrantedAfter(ulong number) => _mode != LeaseMode.None && _number > number;

    /// <summary>
    /// The session is gone or its term has run out: nothing holds. What a lost one was told may be undone, so nothing
    /// asked for before <paramref name="at"/> is learnt any more, and what comes then counts whatever its change
    /// counter.
    /// </summary>
    public void DropLease(bool isLost, long at)
    {
        if (isLost) (_isVoid, _voidSince) = (true, at);
        if (isLost || _mode != LeaseMode.Write) NoteLoss();
        ForgetLearnt();
    }

    /// <summary>
    /// Nobody knows whether a change of the client's own was done: the silo may have shown the client attributes with
    /// it, and it may be undone. So as after a lost session what is asked for from <paramref name="at"/> on counts.
    /// </summary>
    public void Doubt(long at)
    {
        (_isVoid, _voidSince) = (true, at);
        MarkChanged(at, isStale: true);
    }

    /// <summary>The silo has restarted and knows of no lease: it is taken again, or nothing holds.</summary>
    public void Surrender()
    {
        NoteLoss();
        ForgetLearnt();
    }

    /// <summary>One more user; false when the inode has left the table.</summary>
    public bool TryPin()
    {
        var pins = Volatile.Read(ref _pins);
        while (pins >= 0)
        {
            var seen = Interlocked.CompareExchange(ref _pins, pins + 1, pins);
            if (seen == pins) return true;
            pins = seen;
        }

        return false;
    }

    /// <summary>One user less.</summary>
    public void Unpin() => Interlocked.Decrement(ref _pins);

    /// <summary>Whether nobody uses it but the caller, who has one pin.</summary>
    public bool IsOnlyMine => Volatile.Read(ref _pins) == 1;

    /// <summary>Takes the caller's pin, the last, and closes the inode for ever; false when there are others.</summary>
    public bool TryRetire() => Interlocked.CompareExchange(ref _pins, -1, 1) == 1;

    // Grants up to here are not to be taken up again, even if their answers come late.
    private void NoteLoss()
    {
        _recalledNumber = Math.Max(_recalledNumber, _number);
        _mode = LeaseMode.None;
    }

    // What was learnt under an earlier lease is no good under the next.
    private void ForgetLearnt()
    {
        ForgetEntries();
        HasNoXattrs = false;
        IsStale = true;
        if (_mode != LeaseMode.Write) Content?.Map.Forget();
    }

    private readonly record struct NameUnderChange(FsName Name, int Count, bool IsContested);
}
