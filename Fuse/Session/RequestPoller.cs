using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// Looks for the next request for a moment before its reader goes to sleep, on a descriptor that does not block. A
/// process that works file by file sends its next request microseconds after an answer, and waking a thread on an idle
/// core takes 25 µs. Who finds nothing pauses for a growing number of requests.
/// </summary>
/// <param name="device">Non-blocking; owned.</param>
/// <param name="turn">Of the mount: one of its readers polls at a time.</param>
/// <param name="time">Measures the moment.</param>
internal sealed class RequestPoller(FuseDevice device, PollTurn turn, TimeProvider time) : IDisposable
{
    private const int PauseMax = 63;
    private static readonly TimeSpan PollTime = TimeSpan.FromMicroseconds(60);

    private int _lastPause;
    private int _pause;

    /// <summary>Through which what was received is answered.</summary>
    internal FuseDevice Device => device;

    /// <summary>True with a request's bytes or a negative errno; false: nothing came, sleep.</summary>
    internal bool TryReceive(Span<byte> destination, out int received)
    {
        received = 0;
        if (_pause > 0)
        {
            _pause--;
            return false;
        }

        if (!turn.TryTake()) return false;
        var isFound = Poll(destination, out received);
        turn.Release();
        _pause = isFound ? 0 : Math.Min((_lastPause * 2) + 1, PauseMax);
        _lastPause = _pause;
        return isFound;
    }

    public void Dispose() => device.Dispose();

    private bool Poll(Span<byte> destination, out int received)
    {
        var started = time.GetTimestamp();
        do
        {
            received = device.Receive(destination);
            if (received != -Libc.EAGAIN) return true;

            // Whoever has work for this core goes first.
            Thread.Yield();
        }
        while (time.GetElapsedTime(started) < PollTime);
        return false;
    }
}

/// <summary>One of a mount's readers at a time.</summary>
internal sealed class PollTurn
{
    private int _isTaken;

    internal bool TryTake() => Interlocked.Exchange(ref _isTaken, 1) == 0;

    internal void Release() => Volatile.Write(ref _isTaken, 0);
}
