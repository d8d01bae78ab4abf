namespace ClaudeFs.Simulation.Tests.Histories;

/// <summary>Something that was asked of an object that several use at the same time.</summary>
/// <param name="what">For messages.</param>
/// <param name="start">When it was asked.</param>
internal abstract class HistoryOperation(string what, long start)
{
    public string What { get; } = what;

    public long Start { get; } = start;

    /// <summary>When it was over: it took effect before. MaxValue while it may still.</summary>
    public long End { get; set; } = long.MaxValue;

    /// <summary>It may also never have taken effect: nobody had its answer.</summary>
    public bool IsOptional { get; set; } = true;

    /// <summary>The answer, for messages.</summary>
    public virtual string Told => "done";

    /// <summary>It was refused before anything was done: it is no part of the history.</summary>
    public bool IsVoid { get; set; }

    /// <summary>Who asked does not wait for it any more.</summary>
    public bool IsGivenUp { get; set; }

    /// <summary>The session that its client had at the end, when that was another: it may have been done under
    /// either.</summary>
    public long? LaterSession { get; set; }

    protected long[] Sessions(long session) => LaterSession is { } later ? [session, later] : [session];

    public override string ToString()
    {
        var end = End == long.MaxValue ? "..." : $"{End}";
        return $"[{Start}, {end}] {What}: {(IsOptional ? "no answer" : Told)}";
    }
}

/// <summary>An operation on an object of which <typeparamref name="TState"/> is the state.</summary>
internal abstract class HistoryOperation<TState>(string what, long start) : HistoryOperation(what, start)
{
    /// <summary>
    /// The states that it may lead to if it takes effect in this one; none when its answer would have been another.
    /// </summary>
    public abstract IEnumerable<TState> Apply(TState state);
}

/// <summary>
/// Whether a history has an order in which each operation takes effect at one moment between question and answer. The
/// algorithm of Wing and Gong, "Testing and Verifying Concurrent Objects" (1993), with the memoisation of Lowe,
/// "Testing for linearizability" (2016): a set of operations done and the state that they led to are looked at once.
/// </summary>
internal static class Linearizability
{
    /// <summary>Configurations looked at before the search is given up.</summary>
    public const int ConfigurationsMax = 100_000;

    /// <summary>The answer when it is.</summary>
    public const string GivenUp = "too much happens at a time: the search was given up";

    /// <summary>Null when there is such an order; otherwise what cannot be.</summary>
    /// <param name="operations">In any order.</param>
    /// <param name="first">State before all.</param>
    public static string? FindFault<TState>(IEnumerable<HistoryOperation<TState>> operations, TState first)
        where TState : notnull
    {
        var search = new Search<TState>([.. operations
            .Where(static operation => !operation.IsVoid).OrderBy(static operation => operation.Start)]);
        return search.Run(first);
    }

    private sealed class Search<TState>(HistoryOperation<TState>[] operations)
        where TState : notnull
    {
        private readonly HashSet<Configuration<TState>> _seen = [];
        private readonly Stack<Configuration<TState>> _open = new();
        private Configuration<TState> _furthest = null!;

        public string? Run(TState first)
        {
            _furthest = new(0, [], first);
            Push(_furthest);
            while (_open.TryPop(out var configuration))
            {
                if (IsEnd(configuration)) return null;
                if (configuration.DoneCount > _furthest.DoneCount) _furthest = configuration;
                if (_seen.Count > ConfigurationsMax) return GivenUp;
                Expand(configuration);
            }

            return Describe();
        }

        private bool IsEnd(Configuration<TState> configuration)
        {
            for (var i = configuration.Below; i < operations.Length; i++)
            {
                if (!configuration.Has(i) && !operations[i].IsOptional) return false;
            }

            return true;
        }

        // Whatever began before the first end of what is not done may be next.
        private void Expand(Configuration<TState> configuration)
        {
            var bound = long.MaxValue;
            for (var i = configuration.Below; i < operations.Length && operations[i].Start <= bound; i++)
            {
                if (!configuration.Has(i)) bound = Math.Min(bound, operations[i].End);
            }

            for (var i = configuration.Below; i < operations.Length && operations[i].Start <= bound; i++)
            {
                if (configuration.Has(i)) continue;
                // Of one without an answer it is decided when its time ends; one that never ends stays open.
                if (operations[i].IsOptional && operations[i].End == bound && bound != long.MaxValue)
                    Push(configuration.With(i, configuration.State));
                foreach (var state in operations[i].Apply(configuration.State)) Push(configuration.With(i, state));
            }
        }

        private void Push(Configuration<TState> configuration)
        {
            if (_seen.Add(configuration)) _open.Push(configuration);
        }

        private string Describe()
        {
            const int shownMax = 16;
            var done = operations.Where((_, i) => _furthest.Has(i)).TakeLast(shownMax);
            var next = operations.Where((_, i) => !_furthest.Has(i)).Take(shownMax);
            return $"{_furthest.DoneCount} of {operations.Length} operations, the last of them\n  "
                + $"{string.Join("\n  ", done)}\nlead to {_furthest.State}, and then none of these can be next:\n  "
                + string.Join("\n  ", next);
        }
    }

    // Operations done: all below a number, and some above it.
    private sealed class Configuration<TState>(int below, int[] above, TState state)
        : IEquatable<Configuration<TState>>
        where TState : notnull
    {
        public int Below => below;

        public TState State => state;

        public int DoneCount => below + above.Length;

        public bool Has(int index) => index < below || Array.BinarySearch(above, index) >= 0;

        public Configuration<TState> With(int index, TState next)
        {
            var done = new List<int>(above);
            done.Insert(~done.BinarySearch(index), index);
            var (lowest, taken) = (below, 0);
            while (taken < done.Count && done[taken] == lowest)
            {
                lowest++;
                taken++;
            }

            done.RemoveRange(0, taken);
            return new(lowest, [.. done], next);
        }

        public bool Equals(Configuration<TState>? other) => other is not null && below == other.Below
            && state.Equals(other.State) && above.AsSpan().SequenceEqual(other.Above);

        public override bool Equals(object? obj) => Equals(obj as Configuration<TState>);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(below);
            hash.Add(state);
            foreach (var index in above) hash.Add(index);
            return hash.ToHashCode();
        }

        private int[] Above => above;
    }
}
