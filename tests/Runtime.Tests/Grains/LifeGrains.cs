using Orleans.Placement;

namespace ClaudeFs.Runtime.Tests.Grains;

/// <summary>What a test decides about coming up and going.</summary>
public sealed class LifeScript
{
    /// <summary>How often a grain came up.</summary>
    public int Activations { get; set; }

    /// <summary>What happened, in order.</summary>
    public List<string> Events { get; } = [];

    /// <summary>Thrown when a grain comes up.</summary>
    public Exception? ActivationFailure { get; set; }

    /// <summary>Awaited when a grain comes up.</summary>
    public Task ActivationGate { get; set; } = Task.CompletedTask;

    /// <summary>Awaited when a grain goes.</summary>
    public Task DeactivationGate { get; set; } = Task.CompletedTask;
}

/// <summary>Grains whose life is watched.</summary>
[Alias("test.life")]
public interface ILifeGrain : IGrainWithIntegerKey
{
    /// <summary>Which activation this is.</summary>
    ValueTask<int> NumberAsync();

    /// <summary>Asks to go.</summary>
    ValueTask<int> LeaveAsync(TimeSpan keep);

    /// <summary>Ticks into a record.</summary>
    Task StartTimerAsync(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive);

    /// <summary>Waits at a gate.</summary>
    Task WaitAsync(string gate);
}

/// <summary>The grain.</summary>
[CollectionAgeLimit(Minutes = 5)]
public sealed class LifeGrain(LifeScript script) : Grain, ILifeGrain
{
    private int _number;

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _number = ++script.Activations;
        await script.ActivationGate;
        if (script.ActivationFailure is { } failure)
        {
            throw failure;
        }
    }

    /// <inheritdoc/>
    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        await script.DeactivationGate;
        script.Events.Add($"{_number} {reason.ReasonCode}");
    }

    /// <inheritdoc/>
    public ValueTask<int> NumberAsync() => new(_number);

    /// <inheritdoc/>
    public ValueTask<int> LeaveAsync(TimeSpan keep)
    {
        if (keep > TimeSpan.Zero)
        {
            DelayDeactivation(keep);
        }
        else
        {
            DeactivateOnIdle();
        }

        return new(_number);
    }

    /// <inheritdoc/>
    public Task StartTimerAsync(TimeSpan due, TimeSpan period, bool interleave, bool keepAlive)
    {
        this.RegisterGrainTimer(
            static (self, _) =>
            {
                Gates.Record(self.IdentityString, "tick");
                return Task.CompletedTask;
            },
            this,
            new GrainTimerCreationOptions(due, period) { Interleave = interleave, KeepAlive = keepAlive });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task WaitAsync(string gate) => Gates.PassAsync(gate);
}

/// <summary>Placed by a strategy of its own.</summary>
[Alias("test.placed")]
public interface IPlacedGrain : IGrainWithStringKey
{
    /// <summary>Answers.</summary>
    ValueTask<string> AnswerAsync();
}

/// <summary>A strategy.</summary>
public sealed class OwnPlacement : PlacementStrategy;

/// <summary>Names the strategy.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class OwnPlacementAttribute() : PlacementAttribute(new OwnPlacement());

/// <summary>The grain.</summary>
[OwnPlacement]
public sealed class PlacedGrain : Grain, IPlacedGrain
{
    /// <inheritdoc/>
    public ValueTask<string> AnswerAsync() => new(this.GetPrimaryKeyString());
}

/// <summary>Keeps state.</summary>
[Alias("test.state")]
public interface IStateGrain : IGrainWithGuidKey
{
    /// <summary>Sets and writes.</summary>
    Task SetAsync(int value);

    /// <summary>What is held.</summary>
    ValueTask<int> GetAsync();

    /// <summary>Reads again.</summary>
    Task RereadAsync();

    /// <summary>Removes.</summary>
    Task<bool> ClearAsync();

    /// <summary>Goes.</summary>
    Task LeaveAsync();
}

/// <summary>A state.</summary>
[GenerateSerializer]
public sealed class Held
{
    /// <summary>A number.</summary>
    [Id(0)]
    public int Value { get; set; }
}

/// <summary>The grain.</summary>
public sealed class StateGrain([PersistentState("held", "memory")] IPersistentState<Held> held) : Grain, IStateGrain
{
    /// <inheritdoc/>
    public Task SetAsync(int value)
    {
        held.State.Value = value;
        return held.WriteStateAsync();
    }

    /// <inheritdoc/>
    public ValueTask<int> GetAsync() => new(held.State.Value);

    /// <inheritdoc/>
    public Task RereadAsync() => held.ReadStateAsync();

    /// <inheritdoc/>
    public async Task<bool> ClearAsync()
    {
        await held.ClearStateAsync();
        return held.RecordExists;
    }

    /// <inheritdoc/>
    public Task LeaveAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}
