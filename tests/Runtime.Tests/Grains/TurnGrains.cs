using Orleans.Concurrency;
using Orleans.Serialization.Invocation;

namespace ClaudeFs.Runtime.Tests.Grains;

/// <summary>Grains whose turns are watched.</summary>
[Alias("test.turn")]
public interface ITurnGrain : IGrainWithStringKey
{
    /// <summary>Waits at a gate.</summary>
    Task<int> WaitAsync(string gate);

    /// <summary>Waits at a gate, changing nothing.</summary>
    [ReadOnly]
    Task<int> ReadAsync(string gate);

    /// <summary>Answers at once, whatever runs.</summary>
    [AlwaysInterleave]
    ValueTask<int> PeekAsync();

    /// <summary>Answers at once, in turn.</summary>
    ValueTask<int> CountAsync();

    /// <summary>Calls the grains named, one inside the other.</summary>
    Task<int> ChainAsync(string[] rest, bool allowReentrancy);

    /// <summary>Calls back into a method that may interleave.</summary>
    Task<int> PeekThroughAsync(string other, string self);

    /// <summary>Peeks at another.</summary>
    Task<int> PeekOtherAsync(string other);

    /// <summary>Waits at a gate with the caller's token.</summary>
    Task WaitCancellableAsync(string gate, CancellationToken cancellation);

    /// <summary>Yields often and says whether it ever was beside itself.</summary>
    Task<bool> YieldAsync(int times);

    /// <summary>Nobody waits for this.</summary>
    [OneWay]
    Task TellAsync(string record);

    /// <summary>Takes at most two seconds.</summary>
    [ResponseTimeout("00:00:02")]
    Task HastyAsync(string gate);

    /// <summary>The time that was left for a nested call, in seconds.</summary>
    [ResponseTimeout("00:00:02")]
    Task<double> TimeLeftAsync(string other);

    /// <summary>The time that is left, in seconds.</summary>
    ValueTask<double> OwnTimeLeftAsync();

    /// <summary>A value of the request context, before and after a nested call.</summary>
    Task<string> ContextAsync(string other);
}

/// <summary>One call at a time.</summary>
[GrainType("turn")]
public class TurnGrain : Grain, ITurnGrain
{
    private int _inside;
    private int _count;
    private bool _wasBeside;

    /// <inheritdoc/>
    public async Task<int> WaitAsync(string gate)
    {
        Gates.Record(IdentityString, "+" + gate);
        await Gates.PassAsync(gate);
        Gates.Record(IdentityString, "-" + gate);
        return ++_count;
    }

    /// <inheritdoc/>
    public Task<int> ReadAsync(string gate) => WaitAsync(gate);

    /// <inheritdoc/>
    public ValueTask<int> PeekAsync() => new(_count);

    /// <inheritdoc/>
    public ValueTask<int> CountAsync() => new(++_count);

    /// <inheritdoc/>
    public async Task<int> ChainAsync(string[] rest, bool allowReentrancy)
    {
        if (rest.Length == 0)
        {
            return 0;
        }

        using var section = allowReentrancy ? RequestContext.AllowCallChainReentrancy() : default;
        return 1 + await GrainFactory.GetGrain<ITurnGrain>(rest[0], Prefix).ChainAsync(rest[1..], allowReentrancy);
    }

    /// <inheritdoc/>
    public Task<int> PeekThroughAsync(string other, string self)
        => GrainFactory.GetGrain<ITurnGrain>(other, Prefix).PeekOtherAsync(self);

    /// <inheritdoc/>
    public async Task<int> PeekOtherAsync(string other)
        => await GrainFactory.GetGrain<ITurnGrain>(other, Prefix).PeekAsync();

    /// <inheritdoc/>
    public async Task WaitCancellableAsync(string gate, CancellationToken cancellation)
    {
        Gates.Record(IdentityString, "+" + gate);
        await Gates.PassAsync(gate).WaitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task<bool> YieldAsync(int times)
    {
        for (var i = 0; i < times; i++)
        {
            _wasBeside |= Interlocked.Increment(ref _inside) > 1;
            Thread.SpinWait(50);
            Interlocked.Decrement(ref _inside);
            await Task.Yield();
        }

        return _wasBeside;
    }

    /// <inheritdoc/>
    public Task TellAsync(string record)
    {
        Gates.Record(record, "told");
        return Gates.PassAsync(record);
    }

    /// <inheritdoc/>
    public Task HastyAsync(string gate) => WaitAsync(gate);

    /// <inheritdoc/>
    public async Task<double> TimeLeftAsync(string other)
        => await GrainFactory.GetGrain<ITurnGrain>(other, Prefix).OwnTimeLeftAsync();

    /// <inheritdoc/>
    public ValueTask<double> OwnTimeLeftAsync()
    {
        var context = Orleans.Scheduling.CallContext.Current!;
        var system = context.Target!.System;
        return new(system.FromTimestamp(context.Deadline - system.Now).TotalSeconds);
    }

    /// <inheritdoc/>
    public async Task<string> ContextAsync(string other)
    {
        var before = (string?)RequestContext.Get("who") ?? "none";
        await Task.Yield();
        var after = (string?)RequestContext.Get("who") ?? "none";
        if (other.Length == 0)
        {
            return before + after;
        }

        RequestContext.Set("who", "changed");
        return before + await GrainFactory.GetGrain<ITurnGrain>(other, Prefix).ContextAsync(string.Empty);
    }

    private string Prefix => GetType().FullName!;
}

/// <summary>Calls interleave.</summary>
[GrainType("loose"), Reentrant]
public sealed class LooseGrain : TurnGrain;

/// <summary>Peeks and counts interleave, as a method says.</summary>
[GrainType("partly"), MayInterleave(nameof(MayInterleave))]
public sealed class PartlyGrain : TurnGrain
{
    /// <summary>Whether a call may.</summary>
    public static bool MayInterleave(IInvokable call) => call.GetMethodName() == nameof(CountAsync);
}

/// <summary>Three at a time.</summary>
[GrainType("worker"), StatelessWorker(3)]
public sealed class WorkerGrain : TurnGrain;
