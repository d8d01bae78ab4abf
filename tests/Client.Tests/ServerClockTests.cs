using ClaudeFs.Client.Sessions;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Client.Tests;

public class ServerClockTests
{
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(7);

    private readonly FakeTimeProvider _time = new();
    private readonly ServerClock _clock;
    private TimeSpan _ahead = Ahead;

    public ServerClockTests() => _clock = new ServerClock(_time);

    private Stamp Silo => Stamp.Of(_time.GetUtcNow() + _ahead);

    // The silo's clock is read right after the question came, or right before the answer, or between.
    [Theory, InlineData(0, 40), InlineData(40, 0), InlineData(20, 20), InlineData(1, 39)]
    public void Time_is_never_ahead_of_the_silo(int there, int back)
    {
        Ask(there, back);
        var behind = Silo.Nanoseconds - _clock.Now.Nanoseconds;
        Assert.InRange(behind, 0, TimeSpan.FromMilliseconds(40).Ticks * TimeSpan.NanosecondsPerTick);
    }

    [Fact]
    public void Time_does_not_go_back_with_an_answer_that_was_long_on_its_way()
    {
        Ask(1, 1);
        var before = _clock.Now;
        Ask(1, 300);
        Assert.InRange(_clock.Now.Nanoseconds, before.Nanoseconds, Silo.Nanoseconds);
    }

    [Fact]
    public void Better_reading_takes_the_clock_forward()
    {
        Ask(1, 300);
        Ask(1, 0);
        Assert.Equal(Silo, _clock.Now);
    }

    [Fact]
    public void Silo_that_was_set_back_is_followed()
    {
        Ask(0, 0);
        _ahead = TimeSpan.Zero;
        Ask(1, 1);
        Assert.True(_clock.Now <= Silo, "the client's clock stayed ahead");
    }

    [Fact]
    public void Time_of_a_change_is_above_the_one_before_and_remembered()
    {
        Ask(0, 0);
        var future = Stamp.Of(_time.GetUtcNow() + TimeSpan.FromDays(1));
        Assert.Equal(Stamp.Zero, _clock.LastGiven);
        Assert.Equal(Silo, _clock.After(Stamp.Zero));
        Assert.Equal(Silo, _clock.LastGiven);
        Assert.Equal(future.Nanoseconds + 1, _clock.After(future).Nanoseconds);
        _clock.After(Stamp.Zero);
        Assert.Equal(future.Nanoseconds + 1, _clock.LastGiven.Nanoseconds);
    }

    private void Ask(int thereMilliseconds, int backMilliseconds)
    {
        var sent = _time.GetTimestamp();
        _time.Advance(TimeSpan.FromMilliseconds(thereMilliseconds));
        var reading = Silo;
        _time.Advance(TimeSpan.FromMilliseconds(backMilliseconds));
        _clock.Correct(reading, sent);
    }
}
