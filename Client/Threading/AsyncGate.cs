using System.Threading.Tasks.Sources;
using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Client.Threading;

/// <summary>
/// One at a time, first come first served, across awaits. A waiter goes on upon the loop, never inside the
/// <see cref="Exit"/> of whoever let it in, so that a chain of waiters neither deepens a stack nor runs under a
/// caller's
/// lock.
/// </summary>
/// <remarks>
/// Invariant: <c>_isTaken</c> is false only when nobody waits. Lock order: the lock inside is a leaf.
/// </remarks>
internal sealed class AsyncGate(ILoop loop)
{
    private readonly Lock _sync = new();
    private readonly Queue<Waiter> _waiters = new();
    private bool _isTaken;

    /// <summary>Whether somebody is inside.</summary>
    public bool IsTaken
    {
        get
        {
            lock (_sync) return _isTaken;
        }
    }

    /// <summary>Completes when the caller is inside; at once when nobody is.</summary>
    public ValueTask EnterAsync()
    {
        Waiter waiter;
        lock (_sync)
        {
            if (!_isTaken)
            {
                _isTaken = true;
                return default;
            }

            waiter = new Waiter();
            _waiters.Enqueue(waiter);
        }

        return waiter.Task;
    }

    /// <summary>Goes in when nobody is inside; false otherwise.</summary>
    public bool TryEnter()
    {
        lock (_sync)
        {
            if (_isTaken) return false;
            _isTaken = true;
            return true;
        }
    }

    /// <summary>As <see cref="EnterAsync"/>, but waits no longer than this; false when it is not inside then.</summary>
    public async ValueTask<bool> TryEnterAsync(TimeSpan timeout, TimeProvider time)
    {
        if (TryEnter()) return true;
        var entering = EnterAsync().AsTask();
        try
        {
            await entering.WaitAsync(timeout, time);
            return true;
        }
        catch (TimeoutException)
        {
            _ = LeaveAgainAsync(entering);
            return false;
        }
    }

    private async Task LeaveAgainAsync(Task entering)
    {
        await entering;
        Exit();
    }

    /// <summary>Leaves; the first waiter is inside from here on.</summary>
    public void Exit()
    {
        Waiter next;
        lock (_sync)
        {
            if (!_waiters.TryDequeue(out next!))
            {
                _isTaken = false;
                return;
            }
        }

        loop.Post(static state => ((Waiter)state!).LetIn(), next);
    }

    private sealed class Waiter : IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<bool> _core;

        public ValueTask Task => new(this, _core.Version);

        public void LetIn() => _core.SetResult(true);

        public void GetResult(short token) => _core.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

        public void OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
            flags &= ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext;
            _core.OnCompleted(continuation, state, token, flags);
        }
    }
}
