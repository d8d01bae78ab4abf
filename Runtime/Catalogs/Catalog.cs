using System.Collections.Concurrent;
using Orleans.Runtime;
using Orleans.Scheduling;

namespace Orleans.Catalogs;

/// <summary>The activations in this process, by grain.</summary>
internal sealed class Catalog(ActorSystem system)
{
    private readonly ConcurrentDictionary<GrainId, Entry> _entries = new();
    private long _number;

    /// <summary>How many activations there are.</summary>
    internal int Count => _entries.Sum(static e => e.Value.Count);

    /// <summary>The activation to call, made if there is none; of several workers the least busy.</summary>
    internal Activation GetOrCreate(GrainId grainId, GrainClass kind)
        => _entries.TryGetValue(grainId, out var entry) && entry.Pick(this, grainId, kind) is { } activation
            ? activation
            : Create(grainId, kind);

    /// <summary>The activation that has come up, if there is one and only one.</summary>
    internal Activation? FindOnly(GrainId grainId)
        => _entries.TryGetValue(grainId, out var entry) ? entry.Only : null;

    /// <summary>Adds an object that is there already: an observer.</summary>
    internal void AddObserver(GrainId grainId, object observer)
    {
        var activation = new Activation(system, GrainClass.Observer, grainId, Interlocked.Increment(ref _number))
        {
            GrainInstance = observer,
        };
        activation.BecomeValid();
        _entries[grainId] = new Entry(activation);
    }

    internal void RemoveObserver(GrainId grainId) => _entries.TryRemove(grainId, out _);

    internal void OnActivated(Activation activation) => system.Log.Activated(activation.GrainId);

    internal void Remove(Activation activation)
    {
        if (_entries.TryGetValue(activation.GrainId, out var entry) && entry.Remove(activation))
        {
            _entries.TryRemove(new KeyValuePair<GrainId, Entry>(activation.GrainId, entry));
        }
    }

    /// <summary>All activations in the order of their creation.</summary>
    internal List<Activation> Snapshot() => Snapshot(static (_, _) => true, 0L);

    /// <summary>As <see cref="Snapshot()"/>, those that are wanted.</summary>
    internal List<Activation> Snapshot<T>(Func<Activation, T, bool> isWanted, T argument)
    {
        var found = new List<Activation>();
        foreach (var (_, entry) in _entries)
        {
            var before = found.Count;
            entry.AddTo(found);
            for (var i = found.Count - 1; i >= before; i--)
            {
                if (!isWanted(found[i], argument))
                {
                    found.RemoveAt(i);
                }
            }
        }

        found.Sort(static (a, b) => a.Number.CompareTo(b.Number));
        return found;
    }

    private Activation Create(GrainId grainId, GrainClass kind)
    {
        while (true)
        {
            var entry = _entries.GetOrAdd(
                grainId, static (id, arg) => new Entry(arg.Catalog.New(id, arg.Kind)), (Catalog: this, Kind: kind));
            if (entry.Pick(this, grainId, kind) is { } activation)
            {
                return activation;
            }

            // The last activation of the entry has gone between the look and the pick.
            _entries.TryRemove(new KeyValuePair<GrainId, Entry>(grainId, entry));
        }
    }

    private Activation New(GrainId grainId, GrainClass kind)
        => new(system, kind, grainId, Interlocked.Increment(ref _number));

    /// <summary>The activations of one grain: one, or a group of workers.</summary>
    private sealed class Entry(Activation first)
    {
        private readonly Lock _gate = new();
        private Activation? _only = first;
        private List<Activation>? _workers;

        internal Activation? Only => _workers is null ? _only : null;

        internal int Count => _workers?.Count ?? (_only is null ? 0 : 1);

        internal Activation? Pick(Catalog catalog, GrainId grainId, GrainClass kind)
            => kind.WorkersMax == 0 ? _only : PickWorker(catalog, grainId, kind);

        internal bool Remove(Activation activation)
        {
            lock (_gate)
            {
                if (_workers is not null)
                {
                    _workers.Remove(activation);
                    _only = _workers.Count > 0 ? _workers[0] : null;
                    return _workers.Count == 0;
                }

                if (!ReferenceEquals(_only, activation))
                {
                    return false;
                }

                _only = null;
                return true;
            }
        }

        internal void AddTo(List<Activation> all)
        {
            lock (_gate)
            {
                if (_workers is not null)
                {
                    all.AddRange(_workers);
                }
                else if (_only is not null)
                {
                    all.Add(_only);
                }
            }
        }

        private Activation? PickWorker(Catalog catalog, GrainId grainId, GrainClass kind)
        {
            lock (_gate)
            {
                if (_only is null)
                {
                    return null;
                }

                _workers ??= [_only];
                var best = _workers[0];
                foreach (var worker in _workers)
                {
                    if (worker.Load < best.Load)
                    {
                        best = worker;
                    }
                }

                if (best.Load > 0 && _workers.Count < kind.WorkersMax)
                {
                    best = catalog.New(grainId, kind);
                    _workers.Add(best);
                }

                return best;
            }
        }
    }
}
