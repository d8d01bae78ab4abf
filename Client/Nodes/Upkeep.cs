using System.Collections.Concurrent;
using ClaudeFs.Client.Flushing;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Nodes;

/// <summary>
/// What goes on in the background: flushes what is dirty for too long, lets go of inodes that the kernel forgot, and
/// trims
/// what is over its bounds. Thread-safe.
/// </summary>
/// <remarks>One round at a time, upon the client's loop. No lock is held while the front end or a grain is
/// called.</remarks>
internal sealed class Upkeep : IAsyncDisposable
{
    private const int RoundsPerAge = 4;
    private const int TrimShare = 10;
    private static readonly TimeSpan ForgottenFor = TimeSpan.FromSeconds(1);

    private readonly ClientContext _context;
    private readonly InodeLeases _leases;
    private readonly Flusher _flusher;
    private readonly ConcurrentQueue<(InodeId Inode, long At)> _forgotten = new();
    private readonly ITimer _timer;
    private readonly Action<object?> _round;
    private int _isRunning;
    private volatile bool _isOverfull;
    private volatile bool _isClosed;

    public Upkeep(ClientContext context, InodeLeases leases, Flusher flusher)
    {
        (_context, _leases, _flusher) = (context, leases, flusher);
        _round = _ => _ = RoundAsync();
        var period = context.Options.DirtyAgeMax / RoundsPerAge;
        _timer = context.Dependencies.Time.CreateTimer(
            static state => ((Upkeep)state!).Begin(), this, period, period);
    }

    /// <summary>The kernel has let an inode go: it may leave after a moment, unless it is used again.</summary>
    public void Forget(InodeId id)
    {
        var inode = _context.Nodes.Find(id);
        if (inode is null) return;
        inode.IsForgotten = true;
        inode.IsUsed = false;
        inode.Unpin();
        if (_forgotten.Count < Limits.ForgottenQueueMax)
        {
            _forgotten.Enqueue((id, _context.Dependencies.Time.GetTimestamp()));
        }
    }

    /// <summary>There are more inodes than there should be.</summary>
    public void NoteOverfull()
    {
        if (_isOverfull) return;
        _isOverfull = true;
        Begin();
    }

    public ValueTask DisposeAsync()
    {
        _isClosed = true;
        return _timer.DisposeAsync();
    }

    /// <summary>Gives the lease on an inode back and forgets it, unless somebody uses it. The caller's pin is
    /// taken.</summary>
    public async ValueTask LetGoAsync(CachedInode inode)
    {
        FsName[] names;
        ulong number;
        lock (inode.Sync)
        {
            var isInUse = inode.OpenCount > 0 || inode.Content is { IsDirty: true } || !inode.IsOnlyMine;
            number = inode.LeaseNumber;
            names = inode.Entries is { Count: > 0 } entries ? [.. entries.Keys] : [];
            if (isInUse)
            {
                inode.Unpin();
                return;
            }

            inode.IsRecalling = true;
            inode.MarkChanged(_context.Nodes.MoveFence(), isStale: false);
        }

        // Also what the front end has forgotten: its word may have been overtaken by its next lookup.
        await _context.InvalidateEntriesAsync(inode.Id, names);
        await _context.InvalidateAsync(inode.Id, -1);

        bool isGone;
        lock (inode.Sync)
        {
            inode.GiveBack(number, LeaseMode.None);
            inode.IsRecalling = false;
            isGone = inode.IsOrphan || !inode.HasAttributes;
        }

        if (number != 0 && !isGone) await ReleaseAsync(inode, number);
        if (!_context.Nodes.TryRemove(inode)) inode.Unpin();
    }

    private async ValueTask ReleaseAsync(CachedInode inode, ulong number)
    {
        var released = await _context.Caller.QueryAsync(
            (Grain: _leases.Operations(inode), Number: number),
            static (ask, session) => ask.Grain.ReleaseLeaseAsync(session, ask.Number, isOpen: false),
            CancellationToken.None);
        if (released.IsError && released.Error != FsError.ESTALE)
        {
            _context.Dependencies.Logger.LetGoRefused(inode.Id, released.Error);
        }
    }

    private void Begin()
    {
        if (!_isClosed && Interlocked.Exchange(ref _isRunning, 1) == 0) _context.Loop.Post(_round, null);
    }

    private async Task RoundAsync()
    {
        try
        {
            await FlushAgedAsync();
            await LetForgottenGoAsync();
            if (_isOverfull || _context.Nodes.Entries.IsFull) await TrimAsync();
            if (_context.Dirty.Count == 0) await _context.Space.ShrinkAsync(Limits.SpaceSlabBytes);
        }
        catch (Exception fault)
        {
            // The next round tries again.
            _context.Dependencies.Logger.TrimFailed(fault);
        }
        finally
        {
            Volatile.Write(ref _isRunning, 0);
        }
    }

    private async ValueTask FlushAgedAsync()
    {
        var time = _context.Dependencies.Time;
        foreach (var inode in _context.Dirty.Pin(Limits.AgedPerRoundMax))
        {
            try
            {
                long since;
                lock (inode.Sync) since = inode.Content?.DirtySince ?? 0;
                if (since != 0 && time.GetElapsedTime(since) >= _context.Options.DirtyAgeMax)
                {
                    await _flusher.FlushAsync(inode, AckMode.Applied);
                }
            }
            finally
            {
                inode.Unpin();
            }
        }
    }

    private async ValueTask LetForgottenGoAsync()
    {
        var time = _context.Dependencies.Time;
        for (var i = 0; i < Limits.ForgottenPerRoundMax && _forgotten.TryPeek(out var oldest); i++)
        {
            if (time.GetElapsedTime(oldest.At) < ForgottenFor || !_forgotten.TryDequeue(out oldest)) return;
            if (_context.Nodes.Find(oldest.Inode) is not { } inode) continue;
            if (inode.IsForgotten) await LetGoAsync(inode);
            else inode.Unpin();
        }
    }

    // Second chance: what was used since the last pass stays, unless the pass finds nothing else.
    private async ValueTask TrimAsync()
    {
        // Before: what comes while this goes on is for the next round.
        _isOverfull = false;
        var max = _context.Options.LeasesMax;
        var target = max - (max / TrimShare);
        for (var pass = 0; pass < 2 && (_context.Nodes.Count > target || _context.Nodes.Entries.IsFull); pass++)
        {
            foreach (var inode in _context.Nodes.All)
            {
                if (_context.Nodes.Count <= target && !_context.Nodes.Entries.IsFull) break;
                if (inode.IsUsed)
                {
                    inode.IsUsed = false;
                    continue;
                }

                if (inode.TryPin()) await LetGoAsync(inode);
            }
        }
    }
}
