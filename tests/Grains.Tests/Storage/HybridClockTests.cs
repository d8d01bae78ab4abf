using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Grains.Tests.Storage;

public class HybridClockTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly HybridClock _clock;

    public HybridClockTests() => _clock = new HybridClock(_time);

    [Fact]
    public void Stamp_is_above_what_came_with_the_message()
    {
        var seen = Stamp.Of(_time.GetUtcNow() + HybridClock.AheadMax / 2);
        var first = _clock.Next(seen);
        Assert.True(first > seen);
        Assert.True(_clock.Next(Stamp.Zero) > first);
    }

    [Fact]
    public void Broken_clock_of_a_client_moves_it_by_a_bound_only()
    {
        var limit = Stamp.Of(_time.GetUtcNow() + HybridClock.AheadMax);
        for (var i = 0; i < 10; i++) _clock.Next(Stamp.Of(_time.GetUtcNow() + TimeSpan.FromDays(i + 1)));
        Assert.InRange(_clock.Last.Nanoseconds, limit.Nanoseconds, limit.Nanoseconds + 10);
    }
}
