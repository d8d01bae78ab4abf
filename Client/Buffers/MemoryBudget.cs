using ClaudeFs.Client.Threading;
using ClaudeFs.Platform.Loops;

namespace ClaudeFs.Client.Buffers;

/// <summary>Memory that buffered writes of all files hold; writers wait while it is full. Thread-safe.</summary>
internal sealed class MemoryBudget(long bytesMax, ILoop loop)
{
    private readonly LoopSignal _freed = new(loop);
    private long _heldBytes;

    /// <summary>Held now.</summary>
    public long HeldBytes => Interlocked.Read(ref _heldBytes);

    /// <summary>Whether writers have to wait.</summary>
    public bool IsFull => HeldBytes >= bytesMax;

    /// <summary>Whether flushing should begin although no single file asks for it.</summary>
    public bool IsTight => HeldBytes >= bytesMax / 2;

    /// <summary>More or less is held.</summary>
    public void Change(long bytes)
    {
        Interlocked.Add(ref _heldBytes, bytes);
        if (bytes < 0) _freed.Raise();
    }

    /// <summary>Completes when it is not full.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var freed = _freed.NextAsync();
            if (!IsFull) return;
            await freed.WaitAsync(cancellationToken);
        }
    }
}
