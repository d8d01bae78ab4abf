using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Intents;

/// <summary>Tells one taker of intents from another; 0 is nobody.</summary>
public readonly record struct IntentToken(ulong Value)
{
    public static IntentToken None => default;
}

/// <summary>
/// The intents of one shard: who may change the rows of an inode. A change takes the intents of all inodes whose rows
/// it
/// changes, in ascending order of <see cref="InodeId"/>, validates, applies, and gives them back in the same turn; only
/// recalls of leases and joint commits hold one for longer.
/// <para>An intent is first <i>draining</i>: leases that conflict are being recalled, and their holders' own
/// operations on
/// the inode may still visit it, else a holder could not flush what is asked back. Then it is <i>firm</i>: nobody else
/// changes the inode. A visit and a firm intent exclude each other.</para>
/// Thread-safe: one lock, nothing is called and nothing completes under it.
/// </summary>
public sealed class IntentTable
{
    private static ulong s_lastToken;
    private readonly Lock _lock = new();
    private readonly Dictionary<InodeId, Entry> _entries = [];
    private readonly Stack<Entry> _pool = new();
    private readonly Dictionary<(OperationId Op, InodeId Inode), IntentToken> _remembered = [];

    /// <summary>Inodes under intent.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _entries.Count;
        }
    }

    /// <summary>A token that nobody in this process has had.</summary>
    public static IntentToken NewToken() => new(Interlocked.Increment(ref s_lastToken));

    /// <summary>Whether someone holds, drains or waits for the intent on an inode.</summary>
    public bool IsTaken(InodeId inode)
    {
        lock (_lock) return _entries.ContainsKey(inode);
    }

    /// <summary>Takes the intent firmly if nobody has it and nobody waits.</summary>
    public bool TryTake(InodeId inode, IntentToken token)
    {
        lock (_lock)
        {
            if (_entries.ContainsKey(inode)) return false;
            var entry = Rent();
            entry.Holder = token;
            entry.IsFirm = true;
            _entries.Add(inode, entry);
            return true;
        }
    }

    /// <summary>
    /// Takes the intent, draining, when it is this caller's turn (first come, first served). The caller then recalls
    /// what
    /// conflicts and calls <see cref="FirmAsync"/>. Errors: EAGAIN when <see cref="Limits.IntentWaitersMax"/> wait
    /// already.
    /// </summary>
    public ValueTask<FsError> TakeAsync(InodeId inode, IntentToken token)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(inode, out var entry))
            {
                entry = Rent();
                entry.Holder = token;
                _entries.Add(inode, entry);
                return new(FsError.None);
            }

            if (entry.Waiters.Count >= Limits.IntentWaitersMax) return new(FsError.EAGAIN);
            var waiter = new Waiter(token);
            entry.Waiters.Enqueue(waiter);
            return new(waiter.Task);
        }
    }

    /// <summary>Makes a draining intent firm: completes when the last visit is over.</summary>
    public ValueTask FirmAsync(InodeId inode, IntentToken token)
    {
        lock (_lock)
        {
            var entry = Held(inode, token);
            entry.IsFirm = true;
            if (entry.Visits == 0) return ValueTask.CompletedTask;
            entry.Firming = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return new(entry.Firming.Task);
        }
    }

    /// <summary>Opens a firm intent to visits again: leases that conflict were found, and are recalled now.</summary>
    public void Drain(InodeId inode, IntentToken token)
    {
        TaskCompletionSource? visitors;
        lock (_lock)
        {
            var entry = Held(inode, token);
            entry.IsFirm = false;
            visitors = entry.TakeVisitors();
        }

        visitors?.SetResult();
    }

    /// <summary>
    /// Completes when a visit, or taking the intent, may succeed: for the holder of a write lease, who must not wait
    /// in line
    /// behind someone who waits for that lease.
    /// </summary>
    public ValueTask WhenOpenAsync(InodeId inode)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(inode, out var entry) || !entry.IsFirm) return ValueTask.CompletedTask;
            return new(entry.AddVisitorAsync());
        }
    }

    /// <summary>
    /// Lets the holder of a lease that is being recalled go ahead of a draining intent; ends with <see
    /// cref="Leave"/>, in
    /// the same turn. Visits of one inode exclude each other because its activation runs one turn at a time.
    /// </summary>
    public bool TryVisit(InodeId inode)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(inode, out var entry) || entry.IsFirm) return false;
            entry.Visits++;
            return true;
        }
    }

    /// <summary>Ends a visit.</summary>
    public void Leave(InodeId inode)
    {
        TaskCompletionSource? firming = null;
        lock (_lock)
        {
            Invariant.That(_entries.TryGetValue(inode, out var entry) && entry.Visits > 0);
            if (--entry.Visits == 0) (firming, entry.Firming) = (entry.Firming, null);
        }

        firming?.SetResult();
    }

    /// <summary>Gives an intent back; the next in line has it then.</summary>
    public void Release(InodeId inode, IntentToken token)
    {
        Waiter? next;
        TaskCompletionSource? visitors;
        lock (_lock)
        {
            var entry = Held(inode, token);
            Invariant.That(entry.Visits == 0);
            entry.IsFirm = false;
            visitors = entry.TakeVisitors();
            if (entry.Waiters.TryDequeue(out next))
            {
                entry.Holder = next.Token;
            }
            else
            {
                _entries.Remove(inode);
                Return(entry);
            }
        }

        visitors?.SetResult();
        next?.SetResult(FsError.None);
    }

    /// <summary>Keeps the token of an intent that is given back in another call.</summary>
    public void Remember(OperationId op, InodeId inode, IntentToken token)
    {
        lock (_lock) _remembered[(op, inode)] = token;
    }

    /// <summary>The token kept for the operation; false when there is none (any more).</summary>
    public bool TryRecollect(OperationId op, InodeId inode, out IntentToken token)
    {
        lock (_lock) return _remembered.Remove((op, inode), out token);
    }

    private Entry Held(InodeId inode, IntentToken token)
    {
        Invariant.That(_entries.TryGetValue(inode, out var entry) && entry.Holder == token);
        return entry;
    }

    private Entry Rent() => _pool.TryPop(out var entry) ? entry : new();

    private void Return(Entry entry)
    {
        entry.Holder = IntentToken.None;
        if (_pool.Count < Limits.IntentPoolMax) _pool.Push(entry);
    }

    private sealed class Entry
    {
        private Queue<Waiter>? _waiters;
        private TaskCompletionSource? _visitors;

        public IntentToken Holder { get; set; }

        public bool IsFirm { get; set; }

        public int Visits { get; set; }

        public TaskCompletionSource? Firming { get; set; }

        public Queue<Waiter> Waiters => _waiters ??= new();

        public Task AddVisitorAsync() =>
            (_visitors ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

        public TaskCompletionSource? TakeVisitors()
        {
            var visitors = _visitors;
            _visitors = null;
            return visitors;
        }
    }

    // Continuations run on their activation's scheduler, never inside Release's caller.
    private sealed class Waiter(IntentToken token)
        : TaskCompletionSource<FsError>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public IntentToken Token { get; } = token;
    }
}
