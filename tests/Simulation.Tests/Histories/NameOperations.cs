namespace ClaudeFs.Simulation.Tests.Histories;

/// <summary>
/// Which inode each of some names of one directory leads to; 0: none. Below 0 is the inode of a create whose answer
/// nobody had, until somebody sees it. A session itself may see what it did before that is committed, and it may be
/// undone with the session; nothing that others saw may, nor what a client beyond the network has the answer of, nor
/// what was there at an answered fsync.
/// </summary>
/// <param name="First">Of the first name.</param>
/// <param name="Second">Of the second.</param>
/// <param name="Third">Of the third.</param>
/// <param name="Session">Whose the operations since <paramref name="Before"/> are.</param>
/// <param name="Before">As it was before the last operation that can be undone; null: nothing can be.</param>
internal sealed record NameState(
    long First, long Second, long Third, long Session = 0, NameState? Before = null)
{
    public static NameState Empty { get; } = new(0, 0, 0);

    /// <summary>Whether the disk fails: what is not committed may be undone at any time.</summary>
    public bool IsTroubled { get; init; }

    /// <summary>What was undone while the disk failed: the next start may find it in the log after all.</summary>
    public NameState? Limbo { get; init; }

    public long this[int name] => name switch { 0 => First, 1 => Second, _ => Third };

    public NameState With(int name, long inode) => name switch
    {
        0 => this with { First = inode },
        1 => this with { Second = inode },
        _ => this with { Third = inode },
    };

    /// <summary>What is known now of an inode that was not.</summary>
    public NameState Knowing(long unknown, long inode) => this with
    {
        First = First == unknown ? inode : First,
        Second = Second == unknown ? inode : Second,
        Third = Third == unknown ? inode : Third,
        Before = Before?.Knowing(unknown, inode),
        Limbo = Limbo?.Knowing(unknown, inode),
    };

    /// <summary>What may be there when a session changes something: what others did before is committed then.</summary>
    public IEnumerable<NameState> For(long session) => session == Session
        ? Present()
        : Present().Select(state => state with { Session = session, Before = null });

    /// <summary>
    /// What may be there when a session is told of a name: of what others did, the last change of that name is
    /// committed, and all before it.
    /// </summary>
    public IEnumerable<NameState> Seen(long session, int name) =>
        session == Session ? Present() : Present().Select(state => state.Kept(name));

    /// <summary>An operation was done.</summary>
    public NameState Done(NameState before, bool canBeUndone) => this with { Before = canBeUndone ? before : null };

    private IEnumerable<NameState> Present() => IsTroubled ? Lose(Session).Prepend(this) : [this];

    private NameState Kept(int name) => Before is null ? this
        : this with { Before = Before[name] == this[name] ? Before.Kept(name) : null };

    /// <summary>The session is lost, and with it some of its last operations.</summary>
    public IEnumerable<NameState> Lose(long session)
    {
        yield return session == Session ? this with { Before = null } : this;
        if (session != Session) yield break;
        var limbo = IsTroubled ? Limbo ?? this : null;
        for (var state = Before; state is not null; state = state.Before)
            yield return state with { IsTroubled = IsTroubled, Limbo = limbo, Before = null };
    }

    /// <summary>The silo has started on a disk that is well.</summary>
    public IEnumerable<NameState> Mend() => (Limbo is { } limbo ? Lose(Session).Concat(limbo.Lose(limbo.Session)) :
        Lose(Session)).Select(static state => state with { IsTroubled = false, Limbo = null });
}

/// <summary>Something that changes names.</summary>
internal abstract class NameChange(string what, long start) : HistoryOperation<NameState>(what, start)
{
    /// <summary>It is answered before it is committed: by the silo in the client's own process.</summary>
    public bool IsAnsweredEarly { get; init; }

    protected bool CanBeUndone => IsOptional || IsAnsweredEarly;
}

/// <summary>create(2) with O_EXCL.</summary>
internal sealed class CreateName(long session, int name, string what, long start)
    : NameChange(what, start)
{
    /// <summary>The inode, below 0 without an answer; 0: EEXIST.</summary>
    public long Made { get; set; } = -start;

    public override string Told => Made == 0 ? "EEXIST" : $"{Made}";

    public override IEnumerable<NameState> Apply(NameState state)
    {
        foreach (var at in Made == 0 ? state.Seen(session, name) : state.For(session))
        {
            if (Made == 0 && at[name] != 0) yield return at;
            else if (Made != 0 && at[name] == 0) yield return at.With(name, Made).Done(at, CanBeUndone);
        }
    }
}

/// <summary>unlink(2).</summary>
internal sealed class UnlinkName(long session, int name, string what, long start)
    : NameChange(what, start)
{
    /// <summary>Whether it was there; ENOENT otherwise.</summary>
    public bool WasThere { get; set; } = true;

    public override string Told => WasThere ? "done" : "ENOENT";

    public override IEnumerable<NameState> Apply(NameState state) =>
        from at in WasThere ? state.For(session) : state.Seen(session, name)
        where (at[name] != 0) == WasThere
        select WasThere ? at.With(name, 0).Done(at, CanBeUndone) : at;
}

/// <summary>rename(2).</summary>
internal sealed class RenameName(long session, int source, int target, string what, long start)
    : NameChange(what, start)
{
    /// <summary>Whether the old name was there; ENOENT otherwise.</summary>
    public bool WasThere { get; set; } = true;

    public override string Told => WasThere ? "done" : "ENOENT";

    public override IEnumerable<NameState> Apply(NameState state) =>
        from at in WasThere && source != target ? state.For(session) : state.Seen(session, source)
        where (at[source] != 0) == WasThere
        select !WasThere || source == target ? at : at.With(target, at[source]).With(source, 0).Done(at, CanBeUndone);
}

/// <summary>A look-up of a name.</summary>
internal sealed class LookUpName(long session, int name, string what, long start)
    : HistoryOperation<NameState>(what, start)
{
    /// <summary>The inode; 0: none.</summary>
    public long Found { get; set; }

    public override string Told => $"{Found}";

    public override IEnumerable<NameState> Apply(NameState state)
    {
        foreach (var at in state.Seen(session, name))
        {
            if (at[name] == Found) yield return at;
            else if (at[name] < 0 && Found > 0) yield return at.Knowing(at[name], Found);
        }
    }
}

/// <summary>An answered fsync: what its session did before stays.</summary>
internal sealed class SyncNames(long session, string what, long start) : HistoryOperation<NameState>(what, start)
{
    public override IEnumerable<NameState> Apply(NameState state) =>
        state.For(session).Select(static at => at with { Before = null });
}

/// <summary>A session ends in disorder.</summary>
internal sealed class LoseNames(long session, string what, long start) : HistoryOperation<NameState>(what, start)
{
    public override IEnumerable<NameState> Apply(NameState state) => state.Lose(session);
}

/// <summary>The disk begins to fail, or the silo has started on one that does not.</summary>
internal sealed class TroubleNames(bool begins, string what, long start) : HistoryOperation<NameState>(what, start)
{
    public override IEnumerable<NameState> Apply(NameState state) =>
        begins ? [state with { IsTroubled = true }] : state.Mend();
}
