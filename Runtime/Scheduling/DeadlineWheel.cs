namespace Orleans.Scheduling;

/// <summary>What waits with a deadline.</summary>
internal interface IDeadlineEntry
{
    /// <summary>Its place in the wheel.</summary>
    DeadlineNode Node { get; }

    /// <summary>The deadline has passed of the call that was added with this generation.</summary>
    void Expire(int generation);
}

/// <summary>A place in the wheel.</summary>
internal sealed class DeadlineNode
{
    internal IDeadlineEntry? Entry { get; set; }

    internal DeadlineNode? Next { get; set; }

    internal DeadlineNode? Previous { get; set; }

    internal long Deadline { get; set; }

    /// <summary>Which use of a pooled entry this is.</summary>
    internal int Generation { get; set; }

    internal int Slot { get; set; } = -1;
}

/// <summary>Deadlines of many calls at once: a timer wheel with slots of 1/16 second, entries linked in
/// place.</summary>
/// <remarks>Each slot has its lock; the timer runs only while something waits. Late by at most one slot.</remarks>
internal sealed class DeadlineWheel : IDisposable
{
    private const int SlotCount = 1024;
    private const int SlotsPerSecond = 16;

    private readonly TimeProvider _time;
    private readonly long _slotTicks;
    private readonly Slot[] _slots = new Slot[SlotCount];
    private readonly ITimer _timer;
    private readonly Lock _timerGate = new();
    private bool _isTicking;
    private int _count;
    private long _swept;

    internal DeadlineWheel(TimeProvider time)
    {
        _time = time;
        _slotTicks = Math.Max(1, time.TimestampFrequency / SlotsPerSecond);
        for (var i = 0; i < SlotCount; i++)
        {
            _slots[i] = new Slot();
        }

        _swept = time.GetTimestamp() / _slotTicks;
        _timer = time.CreateTimer(static s
            => ((DeadlineWheel)s!).Sweep(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Dispose() => _timer.Dispose();

    internal void Add(IDeadlineEntry entry, long deadline, int generation = 0)
    {
        if (deadline == long.MaxValue)
        {
            return;
        }

        var node = entry.Node;
        var index = (int)((ulong)(deadline / _slotTicks) % SlotCount);
        var slot = _slots[index];
        lock (slot)
        {
            node.Entry = entry;
            node.Deadline = deadline;
            node.Generation = generation;
            node.Slot = index;
            node.Previous = null;
            node.Next = slot.First;
            if (slot.First is not null)
            {
                slot.First.Previous = node;
            }

            slot.First = node;
        }

        if (Interlocked.Increment(ref _count) == 1)
        {
            StartTicking();
        }
    }

    internal void Remove(IDeadlineEntry entry)
    {
        var node = entry.Node;
        var index = node.Slot;
        if (index < 0)
        {
            return;
        }

        var slot = _slots[index];
        lock (slot)
        {
            if (node.Slot < 0)
            {
                return;
            }

            slot.Unlink(node);
        }

        Interlocked.Decrement(ref _count);
    }

    private void StartTicking()
    {
        lock (_timerGate)
        {
            if (!_isTicking)
            {
                _isTicking = true;
                Volatile.Write(ref _swept, (_time.GetTimestamp() / _slotTicks) - 1);
                var period = TimeSpan.FromSeconds(1.0 / SlotsPerSecond);
                _timer.Change(period, period);
            }
        }
    }

    private void Sweep()
    {
        var now = _time.GetTimestamp();
        var current = now / _slotTicks;
        for (var tick = Math.Max(_swept, current - SlotCount); tick <= current; tick++)
        {
            SweepSlot(_slots[(int)((ulong)tick % SlotCount)], now);
        }

        Volatile.Write(ref _swept, current);
        lock (_timerGate)
        {
            if (Volatile.Read(ref _count) == 0 && _isTicking)
            {
                _isTicking = false;
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        // An entry may have come between the count and the stop.
        if (Volatile.Read(ref _count) > 0)
        {
            StartTicking();
        }
    }

    private void SweepSlot(Slot slot, long now)
    {
        List<(IDeadlineEntry Entry, int Generation)>? expired = null;
        lock (slot)
        {
            for (var node = slot.First; node is not null;)
            {
                var next = node.Next;
                if (node.Deadline <= now)
                {
                    (expired ??= []).Add((node.Entry!, node.Generation));
                    slot.Unlink(node);
                }

                node = next;
            }
        }

        for (var i = expired is null ? 0 : expired.Count; i > 0; i--)
        {
            Interlocked.Decrement(ref _count);
            expired![i - 1].Entry.Expire(expired[i - 1].Generation);
        }
    }

    private sealed class Slot
    {
        internal DeadlineNode? First { get; set; }

        internal void Unlink(DeadlineNode node)
        {
            if (node.Previous is null)
            {
                First = node.Next;
            }
            else
            {
                node.Previous.Next = node.Next;
            }

            if (node.Next is not null)
            {
                node.Next.Previous = node.Previous;
            }

            node.Next = null;
            node.Previous = null;
            node.Entry = null;
            node.Slot = -1;
        }
    }
}
