using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>
/// Drives a store by a seed and knows what must be true of it: what a durable commit refers to is readable, always and
/// after every crash; what nothing refers to is given back.
/// </summary>
internal sealed class BlockStoreModel(int seed)
{
    private const int Capacity = 8 << 20;

    private readonly Random _random = new(seed);
    private readonly Dictionary<ChunkLocation, Item> _items = [];
    private readonly List<Item> _pinned = [];
    private readonly List<(ulong Cursor, ReferenceDelta[] Deltas)> _log = [];
    private StoreHarness _harness = null!;
    private int _fed;
    private int _contents;

    /// <summary>What it is at: for the message of a history that fails or hangs.</summary>
    public string Doing { get; private set; } = "opening";
    public int Crashes { get; private set; }
    public int Refused { get; private set; }
    public long Moved { get; private set; }
    public int Rebuilds { get; private set; }
    public int Hosted { get; private set; }

    public async Task RunAsync(int steps)
    {
        // Continuations must run where a request completes: with a context of the test runner they would run elsewhere.
        SynchronizationContext.SetSynchronizationContext(null);
        _harness = await OpenAsync(new SimulatedBlockDevice(seed), new MemorySegmentIndex());
        for (var step = 0; step < steps; step++) await StepAsync(step);
        await QuiesceAsync();
    }

    private async Task StepAsync(int step)
    {
        var choice = _random.Next(100);
        Doing = $"step {step}, choice {choice}";
        switch (choice)
        {
            case < 30: await PutAsync(); break;
            case < 50: await CommitAsync(); break;
            case < 60: Feed(_random.Next(1, 4)); break;
            case < 66: await FlushIndexAsync(); break;
            case < 78: await MaintainAsync(); break;
            case < 88: await ReadSomeAsync(); break;
            case < 93: await AtOnceAsync(); break;
            case < 96: await FaultyAsync(); break;
            case < 98: await ReopenAsync(isCrash: false); break;
            default: await ReopenAsync(isCrash: true); break;
        }
    }

    private async Task PutAsync()
    {
        var contents = Enumerable.Range(0, _random.Next(1, 12)).Select(_ => NewContent()).ToArray();
        var pin = _harness.Store.Epochs.Current;   // a put pins in the epoch in which it began
        var put = await _harness.PutAsync([.. contents.Select(ToWrite)]);
        if (put.Error == FsError.ENOSPC)
        {
            Refused++;
            return;
        }

        if (put.IsError)
        {
            Assert.Equal(FsError.EIO, put.Error);
            return;
        }

        for (var i = 0; i < contents.Length; i++) Pin(put.Value[i], contents[i], pin);
    }

    private void Pin(ChunkLocation location, byte[] content, ulong pin)
    {
        Assert.False(_items.TryGetValue(location, out var old) && old.Count > 0, $"{location} was given twice");
        var item = new Item(location, content, pin);
        _items[location] = item;
        _pinned.Add(item);
    }

    // One append of the log: new items, more references to old ones, fewer to others. It is there once flushed.
    private async Task CommitAsync()
    {
        var current = _harness.Store.Epochs.Current;
        _pinned.RemoveAll(item => item.Pin + 1 < current);   // such a commit would be refused
        var deltas = new List<(Item Item, int Change)>();
        foreach (var item in _pinned.ToArray())
        {
            if (_random.Next(3) == 0) continue;
            deltas.Add((item, 1));
            _pinned.Remove(item);
        }

        var live = _items.Values.Where(item => item.Count > 0).OrderBy(item => item.Location.Segment.Value)
            .ThenBy(item => item.Location.Slot).ToArray();
        _random.Shuffle(live);
        var isFull = _harness.Store.Statistics.Space is var space && space.UsedBytes * 10 > space.CapacityBytes * 8;
        foreach (var item in live.Take(_random.Next(isFull ? live.Length + 1 : 6)))
        {
            deltas.Add((item, _random.Next(4) == 0 ? 1 : -1));
        }

        if (deltas.Count == 0) return;
        await _harness.Device.FlushAsync();
        foreach (var (item, change) in deltas) item.Count += change;
        _log.Add(((ulong)_log.Count + 1,
            [.. deltas.Select(d => StoreHarness.Delta(d.Item.Location, d.Item.Content, d.Change))]));
    }

    private void Feed(int appends)
    {
        for (; appends > 0 && _fed < _log.Count; appends--, _fed++)
        {
            _harness.Store.Apply(_log[_fed].Cursor, new Stamp(_fed), _log[_fed].Deltas);
        }
    }

    private async Task FlushIndexAsync()
    {
        _harness.Index.Fault = _random.Next(8) == 0 ? FsError.EIO : FsError.None;
        try
        {
            await _harness.Store.FlushAsync();
            Assert.Equal(_fed == 0 ? 0 : _log[_fed - 1].Cursor, _harness.Store.DurableCursor);
        }
        catch (FsException)
        {
            Assert.NotEqual(FsError.None, _harness.Index.Fault);
        }

        _harness.Index.Fault = FsError.None;
    }

    // The owner confirms an epoch only when all it has committed is fed.
    private Task MaintainAsync()
    {
        if (_fed == _log.Count) _harness.Owner.Confirm(_harness.Store.Epochs.Current);
        return _harness.Store.MaintainAsync();
    }

    private async Task ReadSomeAsync()
    {
        foreach (var item in Live().Take(8)) await ReadAsync(item);
    }

    private async Task ReadAsync(Item item)
    {
        var error = await _harness.ReadErrorAsync(item.Location, item.Content);
        Assert.True(error == FsError.None, $"{item.Location}: {error}");
    }

    // Puts, reads, maintenance and a commit of the index with all device requests completing in an order of the seed;
    // sometimes the power goes in the middle.
    private async Task AtOnceAsync()
    {
        var device = _harness.Device;
        device.IsSlow = true;
        var pin = _harness.Store.Epochs.Current;
        var contents = Enumerable.Range(0, 6).Select(_ => NewContent()).ToArray();
        var puts = contents.Select(content => _harness.PutAsync(ToWrite(content))).ToArray();
        var maintained = MaintainAsync();
        var live = Live().Take(6).ToArray();
        var reads = live.Select(item => _harness.ReadErrorAsync(item.Location, item.Content)).ToArray();
        var flushed = _harness.Store.FlushAsync().AsTask();
        var isCut = _random.Next(4) == 0;
        var completions = isCut ? _random.Next(30) : int.MaxValue;
        while (completions-- > 0 && device.CompleteOne())
        {
        }

        Doing += $", cut {isCut}, puts {string.Join(',', puts.Select(p => p.Status))}, maintained {maintained.Status}";
        if (isCut)
        {
            await ReopenAsync(isCrash: true);
            await Task.WhenAll(puts);   // the power cut failed them
            return;
        }

        await maintained;
        await flushed;
        device.IsSlow = false;
        foreach (var read in reads) Assert.Equal(FsError.None, await read);
        for (var i = 0; i < puts.Length; i++)
        {
            var put = await puts[i];
            if (put.IsError) Assert.Equal(FsError.ENOSPC, put.Error);
            else Pin(put.Value[0], contents[i], pin);
        }
    }

    // Some writes and reads of the device fail for a while; what was committed stays readable.
    private async Task FaultyAsync()
    {
        var left = _random.Next(1, 4);
        _harness.Device.Fault = (in SimulatedOperation operation) =>
            operation.Kind == SimulatedOperationKind.Write && _random.Next(3) == 0 && left-- > 0
                ? FsError.EIO : FsError.None;
        await PutAsync();
        await MaintainAsync();
        await PutAsync();
        _harness.Device.Fault = null;
        await ReadSomeAsync();
    }

    private async Task ReopenAsync(bool isCrash)
    {
        Moved += _harness.Store.Statistics.MovedItems;
        if (!isCrash) await _harness.Store.DisposeAsync();
        else Crashes++;
        _harness.Device.Fault = null;
        var device = isCrash ? _harness.Device.CutPower() : _harness.Device;
        var index = _random.Next(3) == 0 ? await RebuildAsync(device) : _harness.Index;
        _harness = await OpenAsync(device, index);
        Assert.Empty(_harness.Store.Findings);
        _pinned.Clear();   // their pins are of another opening: no commit may name them
        _fed = (int)_harness.Store.DurableCursor;
        foreach (var item in _items.Values.Where(item => item.Count > 0))
        {
            Assert.True(await _harness.Store.VerifyAsync(
                item.Location, (uint)item.Content.Length, Crc32c.Compute(item.Content)), $"lost {item.Location}");
        }

        Feed(int.MaxValue);
    }

    // The index is lost. The metadata's tables reach at least as far as what was reused rests on.
    private async Task<MemorySegmentIndex> RebuildAsync(SimulatedBlockDevice device)
    {
        Rebuilds++;
        var durable = (int)_harness.Store.DurableCursor;
        var cursor = _random.Next(durable, _log.Count + 1);
        ReferenceDelta[] references = [.. _items.Values.Where(item => item.Count > 0)
            .Select(item => StoreHarness.Delta(item.Location, item.Content, item.Count))];
        ReferenceDelta[] pending = [.. _log.Skip(cursor).SelectMany(append => append.Deltas)];
        var index = new MemorySegmentIndex();
        var storage = await StorageDevice.OpenAsync(device, new() { ReadOnly = true }, new SystemIdSource());
        var report = await IndexRebuild.RunAsync(
            storage, index, new(references, pending, (ulong)cursor, new Stamp(cursor)), null, TimeProvider.System);
        Assert.Empty(report.Lost);
        Hosted += CountHosted(index);
        var begun = await DeviceCheck.BeginAsync(storage, index, TimeProvider.System);
        var check = await begun.RunAsync(references, pending, null);
        Assert.Empty(check.Findings);
        return index;
    }

    private static int CountHosted(MemorySegmentIndex index)
    {
        var hosted = 0;
        index.Load(row => hosted += row.DecodeItems().Count(item => !item.Host.IsNone));
        return hosted;
    }

    private async Task QuiesceAsync()
    {
        Feed(int.MaxValue);
        _pinned.Clear();
        await _harness.PassEpochsAsync();
        await _harness.PassEpochsAsync();
        Moved += _harness.Store.Statistics.MovedItems;
        var live = _items.Values.Where(item => item.Count > 0).ToArray();
        foreach (var item in live) await ReadAsync(item);
        var space = _harness.Store.Statistics;
        Assert.Equal(live.Sum(item => (item.Content.Length + 4095L) / 4096 * 4096), space.Space.UsedBytes);
        Assert.Equal(0, space.IdleBytes);
        Assert.Equal(0, space.FeedAnomalies);
        Assert.Equal(0, space.ChecksumFaults);
    }

    private Item[] Live()
    {
        var live = _items.Values.Where(item => item.Count > 0).ToArray();
        _random.Shuffle(live);
        return live;
    }

    private byte[] NewContent()
    {
        var length = _random.Next(2) == 0 ? _random.Next(1, 4097) : _random.Next(4097, 65537);
        return StoreHarness.Bytes((seed * 100_003) + _contents++, length);
    }

    private static DataPlane.Storage.BlockWrite ToWrite(byte[] content) =>
        content.Length <= 4096 ? StoreHarness.Located(content) : StoreHarness.Chunk(content);

    private static Task<StoreHarness> OpenAsync(SimulatedBlockDevice device, MemorySegmentIndex index) =>
        StoreHarness.OpenAsync(device, index, Capacity);

    private sealed class Item(ChunkLocation location, byte[] content, ulong pin)
    {
        public ChunkLocation Location { get; } = location;
        public byte[] Content { get; } = content;
        public ulong Pin { get; } = pin;
        public int Count { get; set; }
    }
}
