using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Loops;

/// <summary>
/// A loop with a thread of its own. It installs no synchronization context: a continuation of an await in its work runs
/// on the thread that completes what was awaited; <see cref="LoopExtensions.SwitchTo"/> comes back.
/// </summary>
/// <remarks>
/// Invariants: <c>_queue</c>, <c>_isClosed</c> and <c>_isIdle</c> change under <c>_gate</c>; work runs on the loop's
/// thread only, without the gate. Work that throws goes to the fault handler and ends the loop.
/// </remarks>
public sealed class ThreadLoop : ILoop
{
    private readonly Lock _gateForDispose = new();
    private readonly object _gate = new();
    private readonly Action<string, Exception> _onFault;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Thread _thread;
    private Queue<(Action<object?> Work, object? State)> _queue = new();
    private Queue<(Action<object?> Work, object? State)> _running = new();
    private bool _isClosed;
    private bool _isIdle;
    private bool _isDisposed;

    /// <summary>Starts the thread.</summary>
    /// <param name="name">Name of the loop and its thread.</param>
    /// <param name="onFault">Told the loop's name and what its work threw; called once, on the loop's thread.</param>
    public ThreadLoop(string name, Action<string, Exception> onFault)
    {
        Name = name;
        _onFault = onFault;
#pragma warning disable RS0030 // this is the place where threads are made
        _thread = new Thread(Run) { Name = name, IsBackground = true };
#pragma warning restore RS0030
        _thread.Start();
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <summary>Whether the caller runs on this loop's thread.</summary>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <inheritdoc />
    public void Post(Action<object?> work, object? state)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, this);
            Invariant.That(_queue.Count < Limits.LoopQueueItemsMax);
            _queue.Enqueue((work, state));
            if (_isIdle) Monitor.Pulse(_gate);
        }
    }

    /// <summary>
    /// Runs what is queued, ends the thread and waits for it (not when called by the loop's own work).
    /// </summary>
    public ValueTask DisposeAsync()
    {
        lock (_gateForDispose)
        {
            if (!_isDisposed) Close();
            _isDisposed = true;
        }

        return IsCurrent ? ValueTask.CompletedTask : new ValueTask(_ended.Task);
    }

    private void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.Pulse(_gate);
        }
    }

    private void Run()
    {
        try
        {
            while (TakeAll())
            {
                while (_running.TryDequeue(out var item)) item.Work(item.State);
            }
        }
        catch (Exception fault)
        {
            Close();
            _onFault(Name, fault);
        }
        finally
        {
            _ended.SetResult();
        }
    }

    // Swaps the queues, so that the gate is taken once for all that is waiting; false when closed and drained.
    private bool TakeAll()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_isClosed) return false;
                _isIdle = true;
                Monitor.Wait(_gate);
                _isIdle = false;
            }

            (_queue, _running) = (_running, _queue);
            return true;
        }
    }

    /// <summary>Fault handler of processes without one: ends the process with what was thrown.</summary>
    internal static void FailFast(string loop, Exception fault) =>
        Environment.FailFast($"Loop {loop} ended by {fault.Message}", fault);
}
