using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Histories;

/// <summary>
/// What all strands asked and were told, by object, and when sessions were lost; at the end each object's history is
/// searched for an order.
/// </summary>
/// <remarks>
/// An operation without an answer may take effect only while something of it is still there: until its session is over,
/// which the client was told, or until the silo's process is gone and the next one serves.
/// </remarks>
internal sealed class HistoryRecorder(int directoryCount, int fileCount, int pageCount)
{
    private readonly List<Question> _open = [];
    private readonly List<Watch> _watches = [];
    private long _now;

    public List<HistoryOperation<NameState>>[] Directories { get; } = Lists<NameState>(directoryCount);

    public List<HistoryOperation<AttributeState>>[] Files { get; } = Lists<AttributeState>(fileCount);

    public List<HistoryOperation<PageState>>[] Pages { get; } = Lists<PageState>(pageCount);

    /// <summary>Attributes that the files have in the beginning.</summary>
    public AttributeState FirstAttributes { get; set; } = new(0, 0, 0, false);

    /// <summary>Operations with an answer.</summary>
    public int Answered { get; private set; }

    /// <summary>Operations without one that may have been done.</summary>
    public int Unanswered { get; private set; }

    /// <summary>Histories whose search was given up.</summary>
    public int Undecided { get; private set; }

    /// <summary>A moment of its own for every question and every answer.</summary>
    public long Now()
    {
        var before = _now++;
        foreach (var watch in _watches) Look(watch, before);
        return _now;
    }

    /// <summary>Sessions of this client are watched.</summary>
    public void Follow(SimulatedClient client) => _watches.Add(new Watch(client));

    /// <summary>An operation is asked.</summary>
    public T Begin<T, TState>(List<HistoryOperation<TState>> history, SimulatedClient client, Func<long, T> make)
        where T : HistoryOperation<TState>
    {
        var operation = make(Now());
        history.Add(operation);
        _open.Add(new(operation, client, client.Start, client.Session));
        return operation;
    }

    /// <summary>It was answered.</summary>
    public void Answer(HistoryOperation operation)
    {
        (operation.End, operation.IsOptional) = (Now(), false);
        _open.RemoveAll(open => open.Operation == operation);
        Answered++;
    }

    /// <summary>It was given up: nobody knows whether it was or will be done.</summary>
    public void GiveUp(HistoryOperation operation)
    {
        var now = Now();
        operation.IsGivenUp = true;
        Unanswered++;
        if (_open.Find(open => open.Operation == operation) is not { } asked) return;
        if (asked.Client.Session == asked.Session) return;
        operation.End = now;
        _open.RemoveAll(open => open.Operation == operation);
    }

    /// <summary>It told nothing and changes nothing.</summary>
    public void Forget<TState>(List<HistoryOperation<TState>> history, HistoryOperation<TState> operation)
    {
        history.Remove(operation);
        _open.RemoveAll(open => open.Operation == operation);
    }

    /// <summary>
    /// The silo that was asked is gone and the next one serves: what was asked by who is gone too, or was given up, is
    /// done by now or never.
    /// </summary>
    /// <param name="isUnderWay">Whether a client of that start still waits for its answers.</param>
    public void NoteNextSilo(Func<HistoryOperation, SimulatedClient, int, bool> isUnderWay)
    {
        var now = Now();
        foreach (var (operation, client, start, _) in _open.ToArray())
        {
            if (isUnderWay(operation, client, start)) continue;
            operation.End = now;
            _open.RemoveAll(open => open.Operation == operation);
        }
    }

    /// <summary>
    /// From here on flushes fail, and each takes with it what a session has not made durable; or no longer.
    /// </summary>
    public void NoteTrouble(bool begins)
    {
        var what = begins ? "the disk fails" : "the disk is well";
        foreach (var names in Directories) Happen(names, new TroubleNames(begins, what, Now()));
        foreach (var page in Pages) Happen(page, new TroublePage(begins, what, Now()));
        foreach (var file in Files) Happen(file, new TroubleAttributes(begins, what, Now()));
    }

    /// <summary>Throws for the first history without an order.</summary>
    public void Check()
    {
        CheckAll("names of directory", Directories, NameState.Empty);
        CheckAll("attributes of file", Files, FirstAttributes);
        CheckAll("page of file", Pages, PageState.Empty);
    }

    private void Happen<T>(List<HistoryOperation<T>> history, HistoryOperation<T> operation)
    {
        history.Add(operation);
        (operation.End, operation.IsOptional) = (Now(), false);
    }

    private static List<HistoryOperation<T>>[] Lists<T>(int count) =>
        [.. Enumerable.Range(0, count).Select(static _ => new List<HistoryOperation<T>>())];

    private void CheckAll<T>(string what, List<HistoryOperation<T>>[] histories, T first)
        where T : notnull
    {
        for (var i = 0; i < histories.Length; i++)
        {
            var fault = Linearizability.FindFault(histories[i], first);
            if (fault == Linearizability.GivenUp) Undecided++;
            else if (fault is not null)
                throw new SimulationFailureException($"{what} {i}: {fault}");
        }
    }

    private void Look(Watch watch, long before)
    {
        var client = watch.Client;
        var current = client.Process.IsDead ? default : client.Session;
        if (watch.Session == default) watch.Session = current;
        if (watch.Session == default) return;
        if (watch.Losses is null && (current != watch.Session || client.IsDoomed)) watch.Losses = Lose(watch, before);
        if (current == default || current == watch.Session) return;

        // The client has the next session: from here on it shows nothing of the last.
        foreach (var loss in watch.Losses!) loss.End = _now;
        (watch.Session, watch.Losses) = (current, null);
    }

    private List<HistoryOperation> Lose(Watch watch, long start)
    {
        var losses = new List<HistoryOperation>();
        var session = unchecked((long)watch.Session.Value);
        var what = $"{watch.Client.Name} loses session {watch.Session}";
        foreach (var page in Pages) Add(page, new LoseSession(session, what, start));
        foreach (var file in Files) Add(file, new LoseAttributes(session, what, start));
        foreach (var names in Directories) Add(names, new LoseNames(session, what, start));

        return losses;

        void Add<T>(List<HistoryOperation<T>> history, HistoryOperation<T> loss)
        {
            history.Add(loss);
            losses.Add(loss);
        }
    }

    private sealed record Question(
        HistoryOperation Operation, SimulatedClient Client, int Start, SessionId Session);

    private sealed class Watch(SimulatedClient client)
    {
        public SimulatedClient Client => client;

        public SessionId Session { get; set; }

        public List<HistoryOperation>? Losses { get; set; }
    }
}
