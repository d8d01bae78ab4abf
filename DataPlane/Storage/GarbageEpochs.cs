using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage;

/// <summary>
/// The clock of garbage collection. An epoch ends when every participant (session, shard owner) has confirmed it; what
/// was put or let go in it can be dropped when two more have passed. Without participants it stands still: after a
/// start nothing is dropped before the owner of the log has replayed and said so. Thread-safe.
/// </summary>
/// <remarks>
/// Epochs of different openings of a device never meet: the upper 32 bits are the count of opens. So a commit that
/// names a pin from before a restart is always too old.
/// </remarks>
public sealed class GarbageEpochs : IGarbageEpochs
{
    private const int OpenCountShift = 32;

    private readonly Lock _gate = new();
    private readonly List<Participant> _participants = [];
    private ulong _current;

    /// <summary>Begins the epochs of one opening of the device.</summary>
    public GarbageEpochs(uint openCount) => _current = ((ulong)openCount << OpenCountShift) + 1;

    /// <inheritdoc />
    public ulong Current => Volatile.Read(ref _current);

    /// <summary>Those without whom no epoch ends.</summary>
    public int ParticipantCount
    {
        get { lock (_gate) return _participants.Count; }
    }

    /// <summary>
    /// Adds a session or an owner. It confirms an epoch when every commit that it made or accepted while an earlier one
    /// was current has been applied to the store's <see cref="IReferenceFeed"/>, and every later one will name a pin of
    /// that epoch or the one before. Disposing it takes it out: when its session is over.
    /// </summary>
    public Participant Register(string name)
    {
        var participant = new Participant(this, name);
        lock (_gate) _participants.Add(participant);
        return participant;
    }

    /// <summary>Begins the next epoch if all participants have confirmed the current one.</summary>
    public bool TryRaise()
    {
        lock (_gate)
        {
            if (_participants.Count == 0) return false;
            foreach (var participant in _participants)
            {
                if (participant.Confirmed < _current) return false;
            }

            Volatile.Write(ref _current, _current + 1);
            return true;
        }
    }

    /// <summary>Names of those who have not confirmed the current epoch: whom garbage waits for.</summary>
    public IReadOnlyList<string> FindSilent()
    {
        lock (_gate) return [.. _participants.Where(p => p.Confirmed < _current).Select(p => p.Name)];
    }

    /// <summary>One without whom no epoch ends.</summary>
    public sealed class Participant : IDisposable
    {
        private readonly GarbageEpochs _epochs;

        internal Participant(GarbageEpochs epochs, string name)
        {
            _epochs = epochs;
            Name = name;
        }

        /// <summary>For messages.</summary>
        public string Name { get; }

        /// <summary>The last epoch it confirmed; 0 before the first.</summary>
        public ulong Confirmed { get; private set; }

        /// <summary>Confirms an epoch that has begun; an older one than before changes nothing.</summary>
        public void Confirm(ulong epoch)
        {
            lock (_epochs._gate)
            {
                Invariant.That(epoch <= _epochs._current);
                Confirmed = Math.Max(Confirmed, epoch);
            }
        }

        /// <summary>Takes it out.</summary>
        public void Dispose()
        {
            lock (_epochs._gate) _epochs._participants.Remove(this);
        }
    }
}
