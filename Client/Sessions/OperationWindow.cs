using ClaudeFs.Client.Threading;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Sessions;

/// <summary>
/// Numbers of one session's operations in one shard: dense from 1. Bounded: a number is given only while it is less
/// than
/// <see cref="Limits.OperationsInFlightMax"/> above the lowest that has no answer. Thread-safe.
/// </summary>
internal sealed class OperationWindow(ILoop loop)
{
    private readonly Lock _sync = new();
    private readonly bool[] _isAnswered = new bool[Limits.OperationsInFlightMax];
    private readonly LoopSignal _moved = new(loop);
    private ulong _next = 1;
    private ulong _below = 1;

    /// <summary>Every number below has its answer.</summary>
    public ulong AcknowledgedBelow
    {
        get
        {
            lock (_sync) return _below;
        }
    }

    /// <summary>The next number; waits while the window is full.</summary>
    public ValueTask<ulong> BeginAsync(CancellationToken cancellationToken) =>
        TryBegin(out var number) ? new(number) : WaitAsync(cancellationToken);

    /// <summary>The answer to a number is there, or will never be looked at.</summary>
    public void End(ulong number)
    {
        lock (_sync)
        {
            Invariant.That(number >= _below && number < _next);
            _isAnswered[Slot(number)] = true;
            while (_below < _next && _isAnswered[Slot(_below)]) _isAnswered[Slot(_below++)] = false;
        }

        _moved.Raise();
    }

    private static int Slot(ulong number) => (int)(number % Limits.OperationsInFlightMax);

    private bool TryBegin(out ulong number)
    {
        lock (_sync)
        {
            number = _next;
            if (_next - _below >= Limits.OperationsInFlightMax) return false;
            _next++;
            return true;
        }
    }

    private async ValueTask<ulong> WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var moved = _moved.NextAsync();
            if (TryBegin(out var number)) return number;
            await moved.WaitAsync(cancellationToken);
        }
    }
}
