using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Silo;

/// <summary>
/// Confirms garbage epochs for the owner of all shards: an epoch is confirmed when every commit accepted before it was
/// seen has been fed to the block store. Sessions need no confirmation of their own: a commit names its oldest pin and
/// is refused when that is more than one epoch behind. Runs on one loop, each <see cref="Period"/>; a writer that waits
/// for space has it run at once, and orphans freed.
/// </summary>
internal sealed class GarbageClock : ISpaceReclaimer, IAsyncDisposable
{
    /// <summary>An epoch lasts at least this long: commits slower than two of them put their chunks again.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Shortest epoch when writers wait for space: a commit under way has as long to arrive before its chunks' pins are
    /// too old, and a reader whose plan is old as long to end.
    /// </summary>
    private static readonly TimeSpan EpochMin = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one step waits for orphans to be freed; a longer sweep goes on beside the next.</summary>
    private static readonly TimeSpan SweepWait = TimeSpan.FromMilliseconds(50);

    private readonly MetadataStore _store;
    private readonly BlockStore _blocks;
    private readonly GarbageEpochs.Participant _owner;
    private readonly ILoop _loop;
    private readonly ITimer _timer;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private Task? _sweep;
    private long _confirmedAt;
    private int _isRunning;

    public GarbageClock(MetadataStore store, BlockStore blocks, ILoopFactory loops, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        _time = time;
        _store = store;
        _blocks = blocks;
        _blocks.SetTablesCursor(store.TablesCursor);
        _owner = blocks.Epochs.Register("metadata");
        _loop = loops.Start("cfs-garbage");
        blocks.Reclaimer = this;
        _timer = time.CreateTimer(static clock => ((GarbageClock)clock!).Tick(), this, Period, Period);
    }

    /// <summary>Frees orphans, in all shards, and completes when none are left; null while no grain runs.</summary>
    public Func<Task>? Sweep { get; set; }

    /// <inheritdoc/>
    public async ValueTask<bool> ReclaimAsync()
    {
        await _loop.SwitchTo();
        try
        {
            var isMoreToCome = await SweepAsync();
            await ConfirmAsync();
            return isMoreToCome;
        }
        catch (Exception fault)
        {
            // The outermost: whatever a grain call or a store that closes throws, the writer gets its answer.
            _logger.GarbageWaits(fault.Message);
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _blocks.Reclaimer = null;
        await _timer.DisposeAsync();
        await _loop.DisposeAsync();
        _owner.Dispose();
    }

    private void Tick()
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 1) return;
        _loop.Post(static clock => _ = ((GarbageClock)clock!).RunAsync(), this);
    }

    private async Task RunAsync()
    {
        try
        {
            await ConfirmAsync();
        }
        catch (Exception fault) when (fault is IOException or ObjectDisposedException)
        {
            // The store has failed or is closing: nothing is dropped any more.
            _logger.GarbageWaits(fault.Message);
        }
        finally
        {
            Volatile.Write(ref _isRunning, 0);
        }
    }

    private async Task ConfirmAsync()
    {
        var epoch = _blocks.Epochs.Current;
        // All that is accepted is committed, then in the tables and fed: after that no commit of an earlier epoch is
        // under way.
        if ((await _store.SyncAsync()).IsError) return;
        await _store.DrainAsync();
        // Counts that are durable too: only then is what they let go reusable.
        await _blocks.FlushAsync();
        _blocks.SetTablesCursor(_store.TablesCursor);
        if (_time.GetElapsedTime(_confirmedAt) < EpochMin) return;
        _confirmedAt = _time.GetTimestamp();
        _owner.Confirm(epoch);
    }

    // Whether another step will find more: a sweep goes on, or began before this step and may have missed something.
    private async Task<bool> SweepAsync()
    {
        var isOld = _sweep is not null;
        if ((_sweep ??= Sweep?.Invoke()) is not { } sweep) return false;
        if (!sweep.IsCompleted) await Task.WhenAny(sweep, Task.Delay(SweepWait, _time));
        if (!sweep.IsCompleted) return true;
        _sweep = null;
        await sweep;
        return isOld;
    }
}
