using Orleans.Runtime;
using Orleans.Scheduling;

namespace Orleans;

/// <summary>What a grain class that only implements <see cref="IGrainBase"/> can do.</summary>
public static class GrainBaseExtensions
{
    /// <summary>Lets this activation go once nothing runs in it.</summary>
    public static void DeactivateOnIdle(this IGrainBase grain)
        => grain.GrainContext.Deactivate(
            new(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called."));

    /// <summary>Lets this activation go, to come back elsewhere.</summary>
    public static void MigrateOnIdle(this IGrainBase grain)
        => grain.GrainContext.Deactivate(new(DeactivationReasonCode.Migrating, "MigrateOnIdle was called."));

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
        => Register(grain, static (call, ct) => call(ct), callback, options);

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<CancellationToken, Task> callback, TimeSpan dueTime, TimeSpan period)
        => Register(grain, static (call, ct) => call(ct), callback, new(dueTime, period));

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<Task> callback, GrainTimerCreationOptions options)
        => Register(grain, static (call, _) => call(), callback, options);

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<Task> callback, TimeSpan dueTime, TimeSpan period)
        => Register(grain, static (call, _) => call(), callback, new(dueTime, period));

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain,
        Func<TState, CancellationToken, Task> callback,
        TState state,
        GrainTimerCreationOptions options)
        => Register(grain, callback, state, options);

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain,
        Func<TState, CancellationToken, Task> callback,
        TState state,
        TimeSpan dueTime,
        TimeSpan period)
        => Register(grain, callback, state, new(dueTime, period));

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, Task> callback, TState state, GrainTimerCreationOptions options)
        => Register(grain, (s, _) => callback(s), state, options);

    /// <summary>Makes a timer whose ticks are turns of this grain.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, Task> callback, TState state, TimeSpan dueTime, TimeSpan period)
        => Register(grain, (s, _) => callback(s), state, new(dueTime, period));

    private static GrainTimer Register<TState>(
        IGrainBase grain,
        Func<TState, CancellationToken, Task> callback,
        TState state,
        GrainTimerCreationOptions options)
        => GrainTimer.Start((Activation)grain.GrainContext, ct => callback(state, ct), options);
}
