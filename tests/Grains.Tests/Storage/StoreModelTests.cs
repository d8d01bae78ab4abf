using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>
/// Random histories on simulated loops, device and tables, against a dictionary: what was acknowledged is there, what
/// is there was asked for, in order, and nothing comes back.
/// </summary>
public class StoreModelTests
{
    private const int Steps = 400;

    public static TheoryData<int> Seeds => new(Enumerable.Range(1, 40));

    [Theory, MemberData(nameof(Seeds))]
    public void Histories_agree_with_a_model(int seed) => new History(seed).Run();

    [Fact]
    public void A_log_that_is_not_flushed_is_caught() =>
        Assert.Contains(Enumerable.Range(1, 20), seed => Fails(seed, simulated => simulated.SkipsFlush = true));

    [Fact]
    public void Tables_that_are_not_made_durable_are_caught() =>
        Assert.Contains(Enumerable.Range(1, 20), seed => Fails(seed, simulated =>
            simulated.Rows.ForgetsDurability = true));

    private static bool Fails(int seed, Action<SimulatedStore> plant)
    {
        try
        {
            new History(seed, plant).Run();
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    /// <summary>
    /// The model: the sequence of states of shard 0; a crash may fall back to any not yet acknowledged one.
    /// </summary>
    private sealed class History
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly RecordingFeed _feed = new();
        private readonly SimulatedStore _simulated;

        // Key to (inode, segment its one piece lies in); one state after each submitted batch, the first being the
        // oldest possible.
        private readonly List<SortedDictionary<string, (InodeId Inode, ulong Segment)>> _states = [new()];
        private readonly List<(int State, ValueTask<FsResult<int>> Answer)> _waiting = [];
        private ulong _nextSegment = 1;

        public History(int seed, Action<SimulatedStore>? plant = null)
        {
            _seed = seed;
            _random = new(seed);
            _simulated = SimulatedStore.Open(seed, logBytes: 1 << 20, hash: new(3, 4, bits: 5));
            _simulated.Feed = _feed;
            plant?.Invoke(_simulated);
            _simulated.Restart();
        }

        private SortedDictionary<string, (InodeId Inode, ulong Segment)> Now => _states[^1];

        public void Run()
        {
            try
            {
                for (var step = 0; step < Steps; step++) Step();
                _simulated.Restart();
                Settle(_states.Count - 1);
                Check();
            }
            catch (Exception fault) when (fault is not Xunit.Sdk.XunitException { Message: "" })
            {
                throw new InvalidOperationException($"Seed {_seed}: {fault.Message}", fault);
            }
        }

        private void Step()
        {
            switch (_random.Next(20))
            {
                case < 6: Put(); break;
                case < 9: Write(); break;
                case < 12: Delete(); break;
                case < 15: for (var i = _random.Next(8); i > 0; i--) _simulated.Loops.RunOne(); break;
                case 15: Check(); break;
                case 16: _simulated.Time.Advance(StoreLimits.MaterialiseInterval); break;
                case 17: _simulated.Loops.RunAll(); break;
                case 18 when _random.Next(4) == 0: Restart(); break;
                case 19 when _random.Next(3) == 0: Crash(_simulated.Crash); break;
                case 19 when _random.Next(2) == 0: Crash(_simulated.Kill); break;
                default: Check(); break;
            }

            Acknowledge();
        }

        private void Put()
        {
            var name = Name();
            if (Now.ContainsKey(name)) return;
            var batch = _simulated.Shard().Create(name);
            var inode = ((InodeRow)batch.Changes[0].Row!).Inode;
            batch.Put(new InlineRow(inode, new byte[_random.Next(30_000)], batch.Stamp));
            Submit(batch, state => state[name] = (inode, 0));
        }

        private void Write()
        {
            if (!Any(out var name, out var entry)) return;
            var segment = _nextSegment++;
            Submit(_simulated.Shard().Write(entry.Inode, Scene.Piece(0, segment)),
                state => state[name] = (entry.Inode, segment));
        }

        private void Delete()
        {
            if (!Any(out var name, out var entry)) return;
            var batch = _simulated.Shard().Remove(name);
            batch.DeleteInline(entry.Inode);
            if (_simulated.Shard().Extent(entry.Inode) is { } extent) batch.DeleteExtent(extent);
            Submit(batch, state => state.Remove(name));
        }

        private void Submit(ShardBatch batch, Action<SortedDictionary<string, (InodeId, ulong)>> change)
        {
            var next = new SortedDictionary<string, (InodeId Inode, ulong Segment)>(Now);
            change(next);
            _states.Add(next);
            _waiting.Add((_states.Count - 1, _simulated.Shard().Submit(batch).WhenCommitted<int>(0)));
        }

        // Acknowledged states cannot be fallen back behind.
        private void Acknowledge()
        {
            var done = _waiting.FindLastIndex(each => each.Answer.IsCompleted);
            if (done < 0) return;
            var state = _waiting[done].State;
            for (var i = 0; i <= done; i++) Assert.False(_simulated.Loops.Run(_waiting[i].Answer).IsError);
            _waiting.RemoveRange(0, done + 1);
            _states.RemoveRange(0, state);
            for (var i = 0; i < _waiting.Count; i++) _waiting[i] = (_waiting[i].State - state, _waiting[i].Answer);
        }

        private void Restart()
        {
            _simulated.Restart();
            Settle(_states.Count - 1);
            Check();
        }

        private void Crash(Action crash)
        {
            _feed.Crash();
            crash();
            Assert.False(_simulated.Store.IsReadOnly(out var reason), reason);
            var names = _simulated.Shard().List().Order(StringComparer.Ordinal).ToList();
            var state = _states.FindIndex(each => Same(each, names));
            Assert.True(state >= 0, "the crash left a state that never was or lost an acknowledged one");
            Settle(state);
            Check();
        }

        private bool Same(SortedDictionary<string, (InodeId Inode, ulong Segment)> state, List<string> names) =>
            names.SequenceEqual(state.Keys.Order(StringComparer.Ordinal)) && state.All(pair =>
                _simulated.Shard().Find(pair.Key)!.Child == pair.Value.Inode && SegmentOf(
                    pair.Value.Inode) == pair.Value.Segment);

        private void Settle(int state)
        {
            var now = _states[state];
            _states.Clear();
            _states.Add(now);
            _waiting.Clear();
        }

        private void Check()
        {
            var shard = _simulated.Shard();
            Assert.Equal(Now.Keys.Order(StringComparer.Ordinal),
                shard.List(_random.Next(1, 9)).Order(StringComparer.Ordinal));
            foreach (var (name, entry) in Now)
            {
                Assert.Equal(entry.Inode, shard.Find(name)!.Child);
                Assert.Equal(entry.Segment, SegmentOf(entry.Inode));
            }

            for (var i = 0; i < 5; i++)
            {
                var name = Name();
                Assert.Equal(Now.ContainsKey(name), shard.Find(name) is not null);
            }

            Assert.Equal(Now.Count, _simulated.Store.GetUsage(CounterKey.Total).Inodes);
        }

        private ulong SegmentOf(InodeId inode)
        {
            var pieces = _simulated.Shard().PiecesOf(inode);
            return pieces.Length == 0 ? 0 : pieces[0].Location.Segment.Value;
        }

        private string Name() => $"n{_random.Next(60)}";

        private bool Any(out string name, out (InodeId Inode, ulong Segment) entry)
        {
            (name, entry) = ("", default);
            if (Now.Count == 0) return false;
            (name, entry) = Now.ElementAt(_random.Next(Now.Count));
            return true;
        }
    }
}
