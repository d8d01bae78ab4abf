using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Quotas;

/// <summary>
/// What one shard may still charge to limited users and groups without asking: slices lent by their quota grains,
/// parts of them
/// reserved for open files, and parts on their way into the counters. A charge leaves the slice when it is taken, and
/// leaves
/// "on the way" only after its batch is applied, so that slices and counters together never show less than is used.
/// Thread-safe.
/// </summary>
internal sealed class QuotaSlices
{
    private readonly Lock _lock = new();
    private readonly Dictionary<CounterKey, Slice> _slices = [];
    private readonly Dictionary<(InodeId Inode, SessionId Session), Reservation> _reservations = [];

    /// <summary>Adds what was lent.</summary>
    public void Lend(CounterKey key, long bytes, long inodes)
    {
        lock (_lock)
        {
            var slice = SliceOf(key);
            slice.Bytes += bytes;
            slice.Inodes += inodes;
        }
    }

    /// <summary>Takes back what is neither reserved nor on its way, and tells what is out after that.</summary>
    public Usage TakeBack(CounterKey key)
    {
        lock (_lock)
        {
            if (!_slices.TryGetValue(key, out var slice)) return default;
            slice.Bytes = 0;
            slice.Inodes = 0;
            return slice.Outstanding;
        }
    }

    /// <summary>What is lent and not in the counters yet.</summary>
    public Usage Outstanding(CounterKey key)
    {
        lock (_lock) return _slices.TryGetValue(key, out var slice) ? slice.Outstanding : default;
    }

    /// <summary>
    /// Takes a charge; false when the slice does not hold it. Ended by <see cref="Settle"/> or <see cref="Cancel"/>.
    /// </summary>
    public bool TryTake(CounterKey key, long bytes, long inodes)
    {
        lock (_lock)
        {
            var slice = SliceOf(key);
            if (bytes > slice.Bytes || inodes > slice.Inodes) return false;
            slice.Move(-bytes, -inodes);
            return true;
        }
    }

    /// <summary>The charge is in the counters.</summary>
    public void Settle(CounterKey key, long bytes, long inodes)
    {
        lock (_lock)
        {
            var slice = SliceOf(key);
            slice.BytesOnTheWay -= bytes;
            slice.InodesOnTheWay -= inodes;
        }
    }

    /// <summary>The charge is not made.</summary>
    public void Cancel(CounterKey key, long bytes, long inodes)
    {
        lock (_lock) SliceOf(key).Move(bytes, inodes);
    }

    /// <summary>Sets bytes aside for a file that a session writes to; false when the slices do not hold them.</summary>
    public bool TryReserve(InodeId inode, SessionId session, CounterKey? user, CounterKey? group, long bytes)
    {
        lock (_lock)
        {
            if (user is { } u && SliceOf(u).Bytes < bytes) return false;
            if (group is { } g && SliceOf(g).Bytes < bytes) return false;
            _reservations.TryGetValue((inode, session), out var reservation);
            Reserve(user, bytes);
            Reserve(group, bytes);
            _reservations[(inode, session)] = new(user, group, reservation.Bytes + bytes);
            return true;
        }
    }

    /// <summary>Makes reserved bytes chargeable: called in the turn that charges them.</summary>
    public void Unreserve(InodeId inode, SessionId session, long bytesMax)
    {
        lock (_lock)
        {
            if (!_reservations.TryGetValue((inode, session), out var reservation)) return;
            var bytes = Math.Min(bytesMax, reservation.Bytes);
            Reserve(reservation.User, -bytes);
            Reserve(reservation.Group, -bytes);
            if (bytes == reservation.Bytes) _reservations.Remove((inode, session));
            else _reservations[(inode, session)] = reservation with { Bytes = reservation.Bytes - bytes };
        }
    }

    /// <summary>The session is over: nothing is set aside for it.</summary>
    public void Unreserve(SessionId session)
    {
        foreach (var inode in Reserved(session)) Unreserve(inode, session, long.MaxValue);
    }

    private InodeId[] Reserved(SessionId session)
    {
        lock (_lock) return [.. _reservations.Keys.Where(key => key.Session == session).Select(key => key.Inode)];
    }

    private void Reserve(CounterKey? key, long bytes)
    {
        if (key is not { } counter) return;
        var slice = SliceOf(counter);
        slice.Bytes -= bytes;
        slice.BytesReserved += bytes;
    }

    private Slice SliceOf(CounterKey key)
    {
        if (!_slices.TryGetValue(key, out var slice)) _slices.Add(key, slice = new());
        return slice;
    }

    private readonly record struct Reservation(CounterKey? User, CounterKey? Group, long Bytes);

    private sealed class Slice
    {
        public long Bytes { get; set; }

        public long Inodes { get; set; }

        public long BytesReserved { get; set; }

        public long BytesOnTheWay { get; set; }

        public long InodesOnTheWay { get; set; }

        public Usage Outstanding => new(Bytes + BytesReserved + BytesOnTheWay, Inodes + InodesOnTheWay);

        public void Move(long bytes, long inodes)
        {
            Bytes += bytes;
            Inodes += inodes;
            BytesOnTheWay -= bytes;
            InodesOnTheWay -= inodes;
        }
    }
}
