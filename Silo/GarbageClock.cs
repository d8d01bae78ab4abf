using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Silo;

/// <summary>
/// Confirms garbage epochs for the owner of all shards: an epoch is confirmed when every commit accepted before it was
/// seen has been fed to the block store. Sessions need no confirmation of their own: a commit names its oldest pin and
/// is refused when that is more than one epoch behind. Runs on one loop; a writer that waits for space hurries it.
/// </summary>
internal sealed class GarbageClock : IAsyncDisposable
{
    /// <summary>An epoch lasts at least this long: commits slower than two of them put their chunks again.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Shortest epoch when writers wait for space: commits under way must not find their chunks' pins too old all the
    /// time.
    /// </summary>
    private static readonly TimeSpan EpochMin = TimeSpan.FromSeconds(1);

    private readonly MetadataStore _store;
    private readonly BlockStore _blocks;
    private readonly GarbageEpochs.Participant _owner;
    private readonly ILoop _loop;
    private readonly ITimer _timer;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
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
        blocks.ReclaimWanted += Hurry;
        _timer = time.CreateTimer(static clock => ((GarbageClock)clock!).Hurry(), this, Period, Period);
    }

    /// <summary>Confirms the present epoch as soon as it can be.</summary>
    public void Hurry()
    {
        if (Interlocked.Exchange(ref _isRunning, 1) == 1) return;
        _loop.Post(static clock => _ = ((GarbageClock)clock!).ConfirmAsync(), this);
    }

    public async ValueTask DisposeAsync()
    {
        _blocks.ReclaimWanted -= Hurry;
        await _timer.DisposeAsync();
        await _loop.DisposeAsync();
        _owner.Dispose();
    }

    private async Task ConfirmAsync()
    {
        try
        {
            var epoch = _blocks.Epochs.Current;
            // All that is accepted is committed, then in the tables and fed: after that no commit of an earlier epoch
            // is under way.
            if ((await _store.SyncAsync()).IsError) return;
            await _store.DrainAsync();
            // Counts that are durable too: only then is what they let go reusable.
            await _blocks.FlushAsync();
            _blocks.SetTablesCursor(_store.TablesCursor);
            if (_time.GetElapsedTime(_confirmedAt) < EpochMin)
            {
                _timer.Change(EpochMin, Period);
                return;
            }
            _confirmedAt = _time.GetTimestamp();
            _owner.Confirm(epoch);
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
}
