using System.Threading.Tasks.Sources;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Transports.Memory;

// One direction of an in-process connection. Bytes are copied in by the sender, travel (a loop turn, or the link's
// delay), and are then readable; the end travels behind them like bytes. Whoever waits is continued on the loop.
// Lock: _gate, never held over a post or a continuation.
internal sealed class MemoryPipe(ILoop loop, TimeProvider time, MemoryLink link)
{
    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _travelling = new();
    private readonly Queue<byte[]> _arrived = new();
    private readonly Waiter _reader = new();
    private readonly Waiter _writer = new();
    private readonly Queue<ITimer> _timers = new();
    private Memory<byte> _wanted;
    private int _headOffset;
    private int _unreadBytes;
    private int _heldEvents;
    private long _lastArrival = long.MinValue;
    private bool _readerWaits;
    private bool _writerWaits;
    private bool _isEnding;
    private bool _isEnded;
    private bool _isBroken;

    public ValueTask WriteAsync(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        var bytes = 0;
        for (var i = 0; i < pieces.Count; i++) bytes += pieces[i].Length;
        if (bytes == 0) return ValueTask.CompletedTask;
        var copy = new byte[bytes];
        var position = 0;
        for (var i = 0; i < pieces.Count; i++)
        {
            pieces[i].CopyTo(copy.AsMemory(position));
            position += pieces[i].Length;
        }

        ValueTask room = default;
        lock (_gate)
        {
            if (_isBroken || _isEnding) return ValueTask.FromException(Closed());
            _travelling.Enqueue(copy);
            _unreadBytes += bytes;
            if (_unreadBytes > Limits.MemoryPipeBytesMax)
            {
                _writerWaits = true;
                room = _writer.StartAsync();
            }
        }

        Travel();
        return room;
    }

    public ValueTask<int> ReadAsync(Memory<byte> destination)
    {
        lock (_gate)
        {
            if (_isBroken) return ValueTask.FromException<int>(Closed());
            if (_arrived.Count > 0) return new ValueTask<int>(Take(destination));
            if (_isEnded) return new ValueTask<int>(0);
            _wanted = destination;
            _readerWaits = true;
            return _reader.StartReadAsync();
        }
    }

    /// <summary>
    /// No more bytes from the writer, whose waiting write fails; the reader sees the end behind what is on its way.
    /// </summary>
    public void End()
    {
        bool writer;
        lock (_gate)
        {
            if (_isEnding || _isBroken) return;
            _isEnding = true;
            _travelling.Enqueue([]);
            writer = _writerWaits;
            _writerWaits = false;
        }

        if (writer) loop.Post(static state => ((MemoryPipe)state!)._writer.Fail(Closed()), this);
        Travel();
    }

    /// <summary>The reader is gone: its waiting read fails, and so do the writer's writes, present and later.</summary>
    public void Break()
    {
        lock (_gate)
        {
            if (_isBroken) return;
            _isBroken = true;
            foreach (var timer in _timers) timer.Dispose();
            _timers.Clear();
            _arrived.Clear();
            _travelling.Clear();
        }

        loop.Post(static state => ((MemoryPipe)state!).FailWaiters(), this);
    }

    /// <summary>What was held back goes on its way.</summary>
    public void Release()
    {
        int count;
        lock (_gate)
        {
            count = _heldEvents;
            _heldEvents = 0;
        }

        for (var i = 0; i < count; i++) Travel();
    }

    // One event for each queued item; order is the queue's, so that a changed delay never reorders.
    private void Travel()
    {
        var delay = link.Delay;
        lock (_gate)
        {
            if (link.IsHeld)
            {
                _heldEvents++;
                return;
            }

            // Nothing overtakes: what has a shorter delay arrives with what is before it.
            var now = time.GetTimestamp();
            _lastArrival = Math.Max(_lastArrival, now + (long)(delay.TotalSeconds * time.TimestampFrequency));
            if (_lastArrival > now)
            {
                _timers.Enqueue(time.CreateTimer(
                    static state => ((MemoryPipe)state!).EndDelay(), this, time.GetElapsedTime(now, _lastArrival),
                    Timeout.InfiniteTimeSpan));
                return;
            }
        }

        PostArrival();
    }

    // Timers fire in the order in which they were made; each stands for one item.
    private void EndDelay()
    {
        lock (_gate)
        {
            if (_timers.TryDequeue(out var timer)) timer.Dispose();
        }

        PostArrival();
    }

    private void PostArrival() => loop.Post(static state => ((MemoryPipe)state!).Arrive(), this);

    private void Arrive()
    {
        var read = -1;
        byte[]? item;
        lock (_gate)
        {
            if (_isBroken || !_travelling.TryDequeue(out item)) return;
            if (item.Length == 0) _isEnded = true;
            else _arrived.Enqueue(item);
            if (_readerWaits)
            {
                _readerWaits = false;
                read = _arrived.Count > 0 ? Take(_wanted) : 0;
                _wanted = default;
            }
        }

        link.Arriving?.Invoke(link, item);
        if (read >= 0) _reader.Complete(read);
    }

    private static IOException Closed() => new("the connection is closed");

    // Under the gate.
    private int Take(Memory<byte> destination)
    {
        var head = _arrived.Peek().AsMemory(_headOffset);
        var count = Math.Min(Math.Min(head.Length, destination.Length), link.PieceBytesMax);
        head[..count].CopyTo(destination);
        _headOffset += count;
        _unreadBytes -= count;
        if (count == head.Length)
        {
            _arrived.Dequeue();
            _headOffset = 0;
        }

        if (_writerWaits && _unreadBytes <= Limits.MemoryPipeBytesMax / 2)
        {
            _writerWaits = false;
            loop.Post(static state => ((MemoryPipe)state!)._writer.Complete(0), this);
        }

        return count;
    }

    private void FailWaiters()
    {
        bool reader;
        bool writer;
        lock (_gate)
        {
            (reader, writer) = (_readerWaits, _writerWaits);
            _readerWaits = _writerWaits = false;
        }

        if (reader) _reader.Fail(Closed());
        if (writer) _writer.Fail(Closed());
    }

    // The one read or write that may wait at a time, reused; continued in line by whoever completes it.
    private sealed class Waiter : IValueTaskSource<int>, IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<int> _core;

        public ValueTask<int> StartReadAsync()
        {
            _core.Reset();
            return new ValueTask<int>(this, _core.Version);
        }

        public ValueTask StartAsync()
        {
            _core.Reset();
            return new ValueTask(this, _core.Version);
        }

        public void Complete(int value) => _core.SetResult(value);

        public void Fail(IOException exception) => _core.SetException(exception);

        public int GetResult(short token) => _core.GetResult(token);

        void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _core.OnCompleted(continuation, state, token, flags);
    }
}
