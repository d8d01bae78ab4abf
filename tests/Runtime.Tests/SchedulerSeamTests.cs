using ClaudeFs.Runtime.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Scheduling;

namespace ClaudeFs.Runtime.Tests;

/// <summary>Queued work runs where a simulation says, in the order that its seed says.</summary>
public sealed class SchedulerSeamTests
{
    [Fact]
    public async Task The_same_seed_gives_the_same_order()
    {
        var first = await RunAsync(5, "seed-a");
        Assert.Equal(first, await RunAsync(5, "seed-b"));
        Assert.Contains(
            await Task.WhenAll(Enumerable.Range(6, 5).Select(static s => RunAsync(s, "seed-c" + s))),
            other => !other.SequenceEqual(first));
    }

    /// <summary>On the pool: the test framework's context and scheduler would take continuations elsewhere.</summary>
    private static Task<List<string>> RunAsync(int seed, string tag) => Task.Run(() => SimulateAsync(seed, tag));

    private static async Task<List<string>> SimulateAsync(int seed, string tag)
    {
        var loop = new SeededLoop(seed);
        var silo = await TestSilo.StartAsync(s => s.Services.AddSingleton<WorkScheduler>(loop));
        var events = new List<string>();
        var calls = new List<Task>();
        for (var i = 0; i < 8; i++)
        {
            var grain = silo.Grains.GetGrain<ITurnGrain>($"{tag}-{i}", typeof(LooseGrain).FullName);
            calls.Add(RecordAsync(grain.YieldAsync(3), i, events));
        }

        await loop.RunUntilAsync(Task.WhenAll(calls));
        await loop.RunUntilAsync(silo.DisposeAsync().AsTask());
        return events;
    }

    private static async Task RecordAsync(Task<bool> call, int number, List<string> events)
    {
        await call;
        events.Add(number.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>One thread, one queue, the next item by the seed.</summary>
    private sealed class SeededLoop(int seed) : WorkScheduler
    {
        private readonly Random _random = new(seed);
        private readonly List<Action> _queue = [];

        public async Task RunUntilAsync(Task end)
        {
            while (!end.IsCompleted)
            {
                if (_queue.Count == 0)
                {
                    await Task.Yield();
                    continue;
                }

                var index = _random.Next(_queue.Count);
                var action = _queue[index];
                _queue.RemoveAt(index);
                action();
            }

            await end;
        }

        internal override bool KeepsOrder => true;

        internal override void Post(Action<object?> action, object? state) => _queue.Add(() => action(state));

        internal override void Post(IThreadPoolWorkItem item) => _queue.Add(item.Execute);
    }
}
