using Orleans.Serialization.Invocation;
using Orleans.Timers;

namespace Orleans.Serialization.Invocation
{
    /// <summary>Holds the object that calls go to.</summary>
    public interface ITargetHolder
    {
        /// <summary>The object.</summary>
        object? GetTarget();

        /// <summary>A part of it, by type.</summary>
        object? GetComponent(Type componentType);
    }

    /// <summary>One call: which method, with which arguments.</summary>
    public interface IInvokable
    {
        /// <summary>How many arguments there are.</summary>
        int GetArgumentCount();

        /// <summary>An argument.</summary>
        object? GetArgument(int index);

        /// <summary>Replaces an argument.</summary>
        void SetArgument(int index, object value);

        /// <summary>The method's name.</summary>
        string GetMethodName();

        /// <summary>The interface's name.</summary>
        string GetInterfaceName();

        /// <summary>The interface.</summary>
        Type GetInterfaceType();
    }
}

namespace Orleans.Runtime
{
    /// <summary>One activation of a grain.</summary>
    public interface IGrainContext : ITargetHolder, IEquatable<IGrainContext>
    {
        /// <summary>A reference to the grain.</summary>
        GrainReference GrainReference { get; }

        /// <summary>The grain's id.</summary>
        GrainId GrainId { get; }

        /// <summary>The grain object.</summary>
        object? GrainInstance { get; }

        /// <summary>The activation's services, a scope of the silo's.</summary>
        IServiceProvider ActivationServices { get; }

        /// <summary>Where parts subscribe to activation and deactivation.</summary>
        IGrainLifecycle ObservableLifecycle { get; }

        /// <summary>Runs work in turns of this activation.</summary>
        IWorkItemScheduler Scheduler { get; }

        /// <summary>Completes when the activation is gone.</summary>
        Task Deactivated { get; }

        /// <summary>Attaches a part, found again by type.</summary>
        void SetComponent<TComponent>(TComponent? value)
            where TComponent : class;

        /// <summary>Starts the deactivation.</summary>
        void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
    }

    /// <summary>The activation whose code is running.</summary>
    public interface IGrainContextAccessor
    {
        /// <summary>The activation.</summary>
        IGrainContext GrainContext { get; }
    }

    /// <summary>Where parts of a grain subscribe to activation and deactivation.</summary>
    public interface IGrainLifecycle : ILifecycleObservable;

    /// <summary>Runs work in an activation's turns.</summary>
    public interface IWorkItemScheduler
    {
        /// <summary>Queues an action.</summary>
        void QueueAction(Action action);
    }

    /// <summary>What a grain asks of its silo.</summary>
    public interface IGrainRuntime
    {
        /// <summary>The silo's address as text.</summary>
        string SiloIdentity { get; }

        /// <summary>The silo's address.</summary>
        SiloAddress SiloAddress { get; }

        /// <summary>Makes references.</summary>
        IGrainFactory GrainFactory { get; }

        /// <summary>Makes timers.</summary>
        ITimerRegistry TimerRegistry { get; }

        /// <summary>The silo's services.</summary>
        IServiceProvider ServiceProvider { get; }

        /// <summary>The clock.</summary>
        TimeProvider TimeProvider { get; }

        /// <summary>Lets an activation go once nothing runs in it.</summary>
        void DeactivateOnIdle(IGrainContext grainContext);

        /// <summary>Keeps an activation for a while.</summary>
        void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan);
    }

    /// <summary>A timer whose ticks are turns of its grain.</summary>
    public interface IGrainTimer : IDisposable
    {
        /// <summary>Sets when it ticks next and how often after.</summary>
        void Change(TimeSpan dueTime, TimeSpan period);
    }

    /// <summary>How a grain timer behaves.</summary>
    public readonly struct GrainTimerCreationOptions
    {
        /// <summary>Creates options.</summary>
        public GrainTimerCreationOptions()
        {
        }

        /// <summary>Creates options.</summary>
        public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
        {
            DueTime = dueTime;
            Period = period;
        }

        /// <summary>From now to the first tick.</summary>
        public TimeSpan DueTime { get; init; }

        /// <summary>From the end of a tick to the next.</summary>
        public TimeSpan Period { get; init; }

        /// <summary>Whether ticks may run between the turns of calls.</summary>
        public bool Interleave { get; init; }

        /// <summary>Whether ticks keep the grain from being collected.</summary>
        public bool KeepAlive { get; init; }
    }

    /// <summary>Stages of an activation's life.</summary>
    public static class GrainLifecycleStage
    {
        /// <summary>Before everything.</summary>
        public const int First = int.MinValue;

        /// <summary>State is read.</summary>
        public const int SetupState = 1000;

        /// <summary>The grain's own code runs.</summary>
        public const int Activate = 2000;

        /// <summary>After everything.</summary>
        public const int Last = int.MaxValue;
    }

    /// <summary>More on activations.</summary>
    public static class GrainContextExtensions
    {
        /// <summary>Deactivates and waits.</summary>
        public static Task DeactivateAsync(
            this IGrainContext grainContext,
            DeactivationReason deactivationReason,
            CancellationToken cancellationToken = default)
        {
            (grainContext ?? throw new ArgumentNullException(nameof(grainContext))).Deactivate(
                deactivationReason, cancellationToken);
            return grainContext.Deactivated;
        }
    }
}

namespace Orleans.Timers
{
    using Orleans.Runtime;

    /// <summary>Makes grain timers.</summary>
    public interface ITimerRegistry
    {
        /// <summary>Makes a timer.</summary>
        IGrainTimer RegisterGrainTimer<TState>(
            IGrainContext grainContext,
            Func<TState, CancellationToken, Task> callback,
            TState state,
            GrainTimerCreationOptions options);
    }
}
