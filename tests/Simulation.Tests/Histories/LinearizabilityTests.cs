namespace ClaudeFs.Simulation.Tests.Histories;

/// <summary>The search itself: right histories are accepted, wrong ones are not.</summary>
public sealed class LinearizabilityTests
{
    [Fact]
    public void Reads_during_a_write_may_see_either_but_not_go_back()
    {
        HistoryOperation<PageState>[] right = [Write(1, 1, 10), Read(1, 2, 3), Read(1, 4, 5)];
        HistoryOperation<PageState>[] old = [Write(1, 1, 10), Read(0, 2, 3), Read(1, 4, 5)];
        HistoryOperation<PageState>[] back = [Write(1, 1, 10), Read(1, 2, 3), Read(0, 4, 5)];
        Assert.Null(Linearizability.FindFault(right, PageState.Empty));
        Assert.Null(Linearizability.FindFault(old, PageState.Empty));
        Assert.NotNull(Linearizability.FindFault(back, PageState.Empty));
    }

    [Fact]
    public void Stale_read_after_a_write_is_found()
    {
        HistoryOperation<PageState>[] stale = [Write(1, 1, 2), Read(1, 3, 4), Write(2, 5, 6), Read(1, 7, 8)];
        Assert.Contains("[7, 8]", Linearizability.FindFault(stale, PageState.Empty), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_without_an_answer_may_have_been_done_or_not_but_not_both()
    {
        HistoryOperation<PageState>[] late = [Lost(Write(1, 1, 2)), Read(0, 3, 4), Read(1, 5, 6)];
        HistoryOperation<PageState>[] open = [Lost(Write(1, 1, long.MaxValue)), Read(0, 3, 4), Read(1, 5, 6)];
        HistoryOperation<PageState>[] twice =
            [Lost(Write(1, 1, long.MaxValue)), Read(1, 3, 4), Write(2, 5, 6), Read(1, 7, 8)];
        Assert.NotNull(Linearizability.FindFault(late, PageState.Empty));
        Assert.Null(Linearizability.FindFault(open, PageState.Empty));
        Assert.NotNull(Linearizability.FindFault(twice, PageState.Empty));
    }

    [Fact]
    public void Lost_session_takes_what_was_not_durable_and_only_that()
    {
        var lost = Ended(new LoseSession(7, "lose", 20), 30);
        Assert.Null(Linearizability.FindFault([Write(1, 1, 2), lost, Read(0, 40, 41)], PageState.Empty));
        Assert.Null(Linearizability.FindFault([Write(1, 1, 2), lost, Read(1, 40, 41)], PageState.Empty));
        Assert.NotNull(Linearizability.FindFault(
            [Write(1, 1, 2), Sync(1, 3, 4), lost, Read(0, 40, 41)], PageState.Empty));
        Assert.NotNull(Linearizability.FindFault(
            [Write(1, 1, 2), Read(1, 3, 4, session: 8), lost, Read(0, 40, 41)], PageState.Empty));
        Assert.NotNull(Linearizability.FindFault([Write(1, 1, 2), Read(0, 40, 41)], PageState.Empty));
        Assert.NotNull(Linearizability.FindFault(
            [Write(1, 1, 2), lost, Read(0, 40, 41), Read(1, 42, 43)], PageState.Empty));
    }

    [Fact]
    public void Fsync_that_answers_for_what_is_lost_is_found()
    {
        var lost = Ended(new LoseSession(7, "lose", 20), 30);
        Assert.NotNull(Linearizability.FindFault(
            [Write(1, 1, 2), lost, Sync(1, 40, 41), Read(0, 50, 51)], PageState.Empty));
        Assert.Null(Linearizability.FindFault(
            [Write(1, 1, 2), lost, Sync(1, 40, 41), Read(1, 50, 51)], PageState.Empty));
    }

    [Fact]
    public void Name_is_made_once_and_gone_once()
    {
        HistoryOperation<NameState>[] twice = [Made(5, 1, 10), Made(6, 2, 9)];
        HistoryOperation<NameState>[] between = [Made(5, 1, 10), Unlinked(true, 2, 9), Made(6, 3, 8)];
        HistoryOperation<NameState>[] gone = [Made(5, 1, 2), Unlinked(true, 3, 9), Unlinked(true, 4, 9)];
        Assert.NotNull(Linearizability.FindFault(twice, NameState.Empty));
        Assert.Null(Linearizability.FindFault(between, NameState.Empty));
        Assert.NotNull(Linearizability.FindFault(gone, NameState.Empty));
    }

    [Fact]
    public void Rename_is_one_moment_for_both_names()
    {
        var moved = Ended(new RenameName(7, 0, 1, "rename", 3), 20);
        HistoryOperation<NameState>[] right = [Made(5, 1, 2), moved, Found(0, 0, 4, 5), Found(1, 5, 6, 7)];
        HistoryOperation<NameState>[] between = [Made(5, 1, 2), moved, Found(0, 0, 4, 5), Found(1, 0, 6, 7)];
        HistoryOperation<NameState>[] both = [Made(5, 1, 2), moved, Found(1, 5, 4, 5), Found(0, 5, 6, 7)];
        Assert.Null(Linearizability.FindFault(right, NameState.Empty));
        Assert.NotNull(Linearizability.FindFault(between, NameState.Empty));
        Assert.NotNull(Linearizability.FindFault(both, NameState.Empty));
    }

    [Fact]
    public void Lost_session_takes_names_that_no_fsync_and_nobody_else_has_seen()
    {
        var early = Ended(new CreateName(7, 0, "create", 1) { Made = 5, IsAnsweredEarly = true }, 2);
        var synced = Ended(new SyncNames(7, "fsync", 3), 4);
        var lost = Ended(new LoseNames(7, "lose", 20), 30);
        var (seen, gone) = (Found(0, 5, 5, 6), Found(0, 0, 40, 41));
        Assert.Null(Linearizability.FindFault([early, lost, gone], NameState.Empty));
        Assert.NotNull(Linearizability.FindFault([early, synced, lost, gone], NameState.Empty));
        Assert.NotNull(Linearizability.FindFault([early, seen, lost, gone], NameState.Empty));
        Assert.Null(Linearizability.FindFault([early, Found(1, 0, 5, 6), lost, gone], NameState.Empty));
        Assert.NotNull(Linearizability.FindFault([Made(5, 1, 2), lost, gone], NameState.Empty));
        Assert.NotNull(Linearizability.FindFault([early, gone], NameState.Empty));
    }

    [Fact]
    public void Inode_of_a_create_without_an_answer_is_learnt_and_stays()
    {
        var created = new CreateName(7, 0, "create", 1) { End = 2 };
        Assert.Null(Linearizability.FindFault([created, Found(0, 9, 3, 4), Found(0, 9, 5, 6)], NameState.Empty));
        Assert.NotNull(Linearizability.FindFault([created, Found(0, 9, 3, 4), Found(0, 8, 5, 6)], NameState.Empty));
        Assert.NotNull(Linearizability.FindFault([created, Found(0, 0, 3, 4), Found(0, 9, 5, 6)], NameState.Empty));
    }

    [Fact]
    public void Time_of_the_last_change_stays_until_the_next_and_never_goes_back()
    {
        var first = new AttributeState(0, 0, 0, false);
        var sized = Ended(new SetSize(7, 7, "truncate", 3), 4);
        Assert.Null(Linearizability.FindFault([Seen(0, 5, 1, 2), sized, Seen(7, 6, 5, 6)], first));
        Assert.NotNull(Linearizability.FindFault([Seen(0, 5, 1, 2), sized, Seen(7, 5, 5, 6)], first));
        Assert.NotNull(Linearizability.FindFault([Seen(0, 5, 1, 2), sized, Seen(0, 5, 5, 6)], first));
        Assert.NotNull(Linearizability.FindFault([Seen(0, 5, 1, 2), Seen(0, 6, 3, 4)], first));
    }

    [Fact]
    public void Search_agrees_with_every_order_tried_on_small_histories()
    {
        var random = new Random(1);
        var (right, wrong) = (0, 0);
        for (var i = 0; i < 2000; i++)
        {
            var operations = Enumerable.Range(0, 6).Select(_ => Draw(random)).ToList();
            var expected = HasOrder(operations, PageState.Empty);
            Assert.Equal(expected, Linearizability.FindFault(operations, PageState.Empty) is null);
            if (expected) right++;
            else wrong++;
        }

        Assert.True(right > 100 && wrong > 100, $"{right} {wrong}");
    }

    private static HistoryOperation<PageState> Draw(Random random)
    {
        var start = random.Next(12);
        var end = start + 1 + random.Next(6);
        HistoryOperation<PageState> drawn = random.Next(2) == 0
            ? new WritePage(7, 1 + random.Next(2), "write", start)
            : new ReadPage(7, "read", start) { Value = random.Next(3) };
        Ended(drawn, end);
        return drawn is WritePage && random.Next(3) == 0 ? Lost(drawn) : drawn;
    }

    // The definition, tried out.
    private static bool HasOrder(List<HistoryOperation<PageState>> left, PageState state)
    {
        if (left.TrueForAll(static operation => operation.IsOptional)) return true;
        foreach (var next in left)
        {
            if (left.Exists(other => other != next && !other.IsOptional && other.End < next.Start)) continue;
            var rest = left.FindAll(other => other != next && !(other.IsOptional && other.End < next.Start));
            if (next.Apply(state).Any(after => HasOrder(rest, after))) return true;
        }

        return false;
    }

    private static T Ended<T>(T operation, long end)
        where T : HistoryOperation
    {
        (operation.End, operation.IsOptional) = (end, false);
        return operation;
    }

    private static HistoryOperation<PageState> Lost(HistoryOperation<PageState> operation)
    {
        operation.IsOptional = true;
        return operation;
    }

    private static HistoryOperation<PageState> Write(long value, long start, long end) =>
        Ended(new WritePage(7, value, $"write {value}", start), end);

    private static HistoryOperation<PageState> Sync(long value, long start, long end) =>
        Ended(new SyncPage(value, $"fsync {value}", start), end);

    private static HistoryOperation<PageState> Read(long value, long start, long end, long session = 7) =>
        Ended(new ReadPage(session, $"read {value}", start) { Value = value }, end);

    private static HistoryOperation<NameState> Made(long inode, long start, long end) =>
        Ended(new CreateName(7, 0, "create", start) { Made = inode }, end);

    private static HistoryOperation<NameState> Unlinked(bool wasThere, long start, long end) =>
        Ended(new UnlinkName(7, 0, "unlink", start) { WasThere = wasThere }, end);

    private static HistoryOperation<NameState> Found(int name, long inode, long start, long end) =>
        Ended(new LookUpName(8, name, "lookup", start) { Found = inode }, end);

    private static HistoryOperation<AttributeState> Seen(long size, long modified, long start, long end) =>
        Ended(new SeeAttributes(7, "stat", start) { SizeBytes = size, Modified = modified }, end);
}
