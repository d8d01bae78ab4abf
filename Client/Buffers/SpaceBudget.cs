using ClaudeFs.Client.Threading;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Buffers;

/// <summary>
/// Space that the block store has promised to this client: reserved in slabs ahead of what is buffered, so that a flush
/// does not meet a full store. Thread-safe.
/// </summary>
/// <remarks>
/// A store refuses only after it has searched for garbage. So where there was no slab, the next slab's worth is asked
/// for bit by bit, and each of these costs no search. Lock order: gate, then the lock, which is a leaf.
/// </remarks>
internal sealed class SpaceBudget(IBlockClient blocks, ILoop loop)
{
    private readonly Lock _sync = new();
    private readonly AsyncGate _gate = new(loop);
    private long _availableBytes;
    private long _tightBytes;

    /// <summary>Promised and not used.</summary>
    public long AvailableBytes
    {
        get
        {
            lock (_sync) return _availableBytes;
        }
    }

    /// <summary>Takes promised space; false when there is not enough.</summary>
    public bool TryTake(long bytes)
    {
        lock (_sync)
        {
            if (_availableBytes < bytes) return false;
            _availableBytes -= bytes;
            return true;
        }
    }

    /// <summary>Gives back what was taken and not used.</summary>
    public void Return(long bytes)
    {
        lock (_sync) _availableBytes += bytes;
    }

    /// <summary>The store took more than the writer had taken here: so much is promised no more.</summary>
    public void Spend(long bytes)
    {
        lock (_sync) _availableBytes = Math.Max(0, _availableBytes - bytes);
    }

    /// <summary>Makes <paramref name="bytes"/> available, a slab where there is one. Errors: ENOSPC, and the
    /// store's.</summary>
    public async ValueTask<FsError> EnsureAsync(long bytes, CancellationToken cancellationToken)
    {
        await _gate.EnterAsync();
        try
        {
            if (AvailableBytes >= bytes) return FsError.None;
            var asked = _tightBytes > 0 ? bytes : Math.Max(bytes, Limits.SpaceSlabBytes);
            var reserved = await blocks.ReserveAsync(asked, cancellationToken);
            if (reserved.Error == FsError.ENOSPC && asked > bytes)
            {
                _tightBytes = Limits.SpaceSlabBytes;
                asked = bytes;
                reserved = await blocks.ReserveAsync(asked, cancellationToken);
            }

            if (reserved.IsError) return reserved.Error;
            _tightBytes = Math.Max(0, _tightBytes - asked);
            Return(asked);
            return FsError.None;
        }
        finally
        {
            _gate.Exit();
        }
    }

    /// <summary>Gives back to the store what lies above <paramref name="keepBytes"/>.</summary>
    public async ValueTask ShrinkAsync(long keepBytes)
    {
        await _gate.EnterAsync();
        try
        {
            long spare;
            lock (_sync)
            {
                spare = _availableBytes - keepBytes;
                if (spare <= 0) return;
                _availableBytes -= spare;
            }

            var returned = await blocks.ReserveAsync(-spare, CancellationToken.None);
            if (returned.IsError) Return(spare);
        }
        finally
        {
            _gate.Exit();
        }
    }
}
