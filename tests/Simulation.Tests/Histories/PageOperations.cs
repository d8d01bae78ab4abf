using System.Globalization;

namespace ClaudeFs.Simulation.Tests.Histories;

/// <summary>
/// One page of a file. What a session wrote is lost with it unless it was made durable, or others have seen it since:
/// then the page is as it was at some moment before. Values are never written twice.
/// </summary>
/// <param name="Durable">What survives everything.</param>
/// <param name="Session">Whose the later writes are.</param>
/// <param name="Tail">Later writes, in order, separated by spaces; empty: none.</param>
/// <param name="Lost">Writes that went with a session, as <paramref name="Tail"/>.</param>
internal sealed record PageState(long Durable, long Session, string Tail, string Lost)
{
    public static PageState Empty { get; } = new(0, 0, "", "");

    /// <summary>Whether the disk fails, and flushes with it: what a session holds may be lost at any time.</summary>
    public bool IsTroubled { get; init; }

    /// <summary>What was lost while the disk failed: the next start may find it in the log after all.</summary>
    public PageState? Limbo { get; init; }

    public long Current => Values(Tail) is [.., var last] ? last : Durable;

    /// <summary>
    /// What may be there when a session reads or writes it; by another's hand what was written before is durable.
    /// </summary>
    public IEnumerable<PageState> For(long session)
    {
        var states = IsTroubled ? Lose(Session).Prepend(this) : [this];
        return session == Session
            ? states.Select(state => state with { Session = session })
            : states.Select(state => state with { Durable = state.Current, Session = session, Tail = "" });
    }

    public PageState Write(long value) => this with { Tail = Join([.. Values(Tail), value]) };

    public PageState Settle() => this with { Durable = Current, Tail = "" };

    public bool HasLost(long value) => Values(Lost).Contains(value);

    /// <summary>The session is lost, and with it everything after so many of its writes.</summary>
    public IEnumerable<PageState> Lose(long session)
    {
        if (session != Session) return [this];
        var tail = Values(Tail);
        return Enumerable.Range(0, tail.Length + 1).Select(kept => this with
        {
            Durable = kept == 0 ? Durable : tail[kept - 1], Session = 0, Tail = "",
            Lost = Join([.. Values(Lost), .. tail[kept..]]),
            Limbo = IsTroubled && kept < tail.Length ? Limbo ?? this : Limbo,
        });
    }

    /// <summary>The silo has started on a disk that is well; other processes may hold on to what they have.</summary>
    public IEnumerable<PageState> Mend() => (Limbo is { } limbo
        ? Lose(Session).Concat(limbo.Lose(limbo.Session))
        : Lose(Session)).Prepend(this).Select(static state => state with { IsTroubled = false, Limbo = null });

    private static long[] Values(string text) => text.Length == 0
        ? []
        : [.. text.Split(' ').Select(static value => long.Parse(value, CultureInfo.InvariantCulture))];

    private static string Join(long[] values) => string.Join(' ', values);
}

/// <summary>A write of the page, which may stay with the client.</summary>
internal sealed class WritePage(long session, long value, string what, long start)
    : HistoryOperation<PageState>(what, start)
{
    public override IEnumerable<PageState> Apply(PageState state) =>
        Sessions(session).SelectMany(state.For).Select(at => at.Write(value));
}

/// <summary>
/// An answered fsync, or close of the last handle: what its session wrote up to a value is there and stays.
/// </summary>
internal sealed class SyncPage(long value, string what, long start) : HistoryOperation<PageState>(what, start)
{
    public override IEnumerable<PageState> Apply(PageState state) => state.HasLost(value) ? [] : [state.Settle()];
}

/// <summary>An answered read.</summary>
internal sealed class ReadPage(long session, string what, long start) : HistoryOperation<PageState>(what, start)
{
    public long Value { get; set; }

    public override string Told => $"{Value}";

    public override IEnumerable<PageState> Apply(PageState state) =>
        state.For(session).Where(at => at.Current == Value);
}

/// <summary>The disk begins to fail, or the silo has started on one that does not.</summary>
internal sealed class TroublePage(bool begins, string what, long start) : HistoryOperation<PageState>(what, start)
{
    public override IEnumerable<PageState> Apply(PageState state) =>
        begins ? [state with { IsTroubled = true }] : state.Mend();
}

/// <summary>A session ends in disorder: its client or its silo died, or did not hear of the other.</summary>
internal sealed class LoseSession(long session, string what, long start) : HistoryOperation<PageState>(what, start)
{
    public override IEnumerable<PageState> Apply(PageState state) => state.Lose(session);
}
