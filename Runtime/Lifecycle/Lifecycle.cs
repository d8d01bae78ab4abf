using Orleans.Runtime;

namespace Orleans
{
    /// <summary>Takes part in start and stop.</summary>
    public interface ILifecycleObserver
    {
        /// <summary>Starts.</summary>
        Task OnStart(CancellationToken cancellationToken = default);

        /// <summary>Stops.</summary>
        Task OnStop(CancellationToken cancellationToken = default);
    }

    /// <summary>Starts its observers stage by stage, and stops them in the opposite order.</summary>
    public interface ILifecycleObservable
    {
        /// <summary>Adds an observer to a stage.</summary>
        IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer);
    }

    /// <summary>Is asked to subscribe where it wants.</summary>
    /// <typeparam name="TLifecycleObservable">The lifecycle.</typeparam>
    public interface ILifecycleParticipant<TLifecycleObservable>
        where TLifecycleObservable : ILifecycleObservable
    {
        /// <summary>Subscribes.</summary>
        void Participate(TLifecycleObservable lifecycle);
    }

    /// <summary>Stages of a silo's or client's life.</summary>
    public static class ServiceLifecycleStage
    {
        /// <summary>Before everything.</summary>
        public const int First = int.MinValue;

        /// <summary>The runtime comes up.</summary>
        public const int RuntimeInitialize = 2000;

        /// <summary>Its services come up.</summary>
        public const int RuntimeServices = 4000;

        /// <summary>Storage comes up.</summary>
        public const int RuntimeStorageServices = 6000;

        /// <summary>Grain services come up.</summary>
        public const int RuntimeGrainServices = 8000;

        /// <summary>The application's services come up.</summary>
        public const int ApplicationServices = 10000;

        /// <summary>Joining.</summary>
        public const int BecomeActive = Active - 1;

        /// <summary>Calls are taken.</summary>
        public const int Active = 20000;

        /// <summary>After everything.</summary>
        public const int Last = int.MaxValue;
    }

    /// <summary>More ways to subscribe.</summary>
    public static class LifecycleExtensions
    {
        /// <summary>Subscribes a start and a stop action.</summary>
        public static IDisposable Subscribe(
            this ILifecycleObservable observable,
            string observerName,
            int stage,
            Func<CancellationToken, Task> onStart,
            Func<CancellationToken, Task>? onStop)
            => observable.Subscribe(observerName, stage, new Lifecycle.ActionObserver(onStart, onStop));

        /// <summary>Subscribes a start action.</summary>
        public static IDisposable Subscribe(
            this ILifecycleObservable observable, string observerName, int stage, Func<CancellationToken, Task> onStart)
            => observable.Subscribe(observerName, stage, new Lifecycle.ActionObserver(onStart, null));

        /// <summary>Subscribes an observer under its type's name.</summary>
        public static IDisposable Subscribe(this ILifecycleObservable observable, int stage,
            ILifecycleObserver observer)
            => observable.Subscribe(observer.GetType().FullName ?? "observer", stage, observer);

        /// <summary>Subscribes an observer under a type's name.</summary>
        public static IDisposable Subscribe<TObserver>(
            this ILifecycleObservable observable, int stage, ILifecycleObserver observer)
            => observable.Subscribe(typeof(TObserver).FullName ?? "observer", stage, observer);

        /// <summary>Subscribes a start and a stop action under a type's name.</summary>
        public static IDisposable Subscribe<TObserver>(
            this ILifecycleObservable observable,
            int stage,
            Func<CancellationToken, Task> onStart,
            Func<CancellationToken, Task>? onStop)
            => observable.Subscribe(typeof(TObserver).FullName ?? "observer", stage, onStart, onStop);

        /// <summary>Subscribes a start action under a type's name.</summary>
        public static IDisposable Subscribe<TObserver>(
            this ILifecycleObservable observable, int stage, Func<CancellationToken, Task> onStart)
            => observable.Subscribe(typeof(TObserver).FullName ?? "observer", stage, onStart);
    }
}

namespace Orleans.Runtime
{
    /// <summary>A silo's life.</summary>
    public interface ISiloLifecycle : ILifecycleObservable
    {
        /// <summary>The highest stage that all observers have reached.</summary>
        int HighestCompletedStage { get; }

        /// <summary>The lowest stage that has been stopped.</summary>
        int LowestStoppedStage { get; }
    }

    /// <summary>A client's life.</summary>
    public interface IClusterClientLifecycle : ILifecycleObservable;

    /// <summary>Runs once when a silo has started.</summary>
    public interface IStartupTask
    {
        /// <summary>Runs.</summary>
        Task Execute(CancellationToken cancellationToken);
    }
}

namespace Orleans.Lifecycle
{
    /// <summary>An observer made of two actions.</summary>
    internal sealed class ActionObserver(Func<CancellationToken, Task> onStart, Func<CancellationToken, Task>? onStop)
        : ILifecycleObserver
    {
        public Task OnStart(CancellationToken cancellationToken = default) => onStart(cancellationToken);

        public Task OnStop(CancellationToken cancellationToken = default)
            => onStop is null ? Task.CompletedTask : onStop(cancellationToken);
    }

    /// <summary>Stages in order; observers of one stage in the order of their subscription, one after the
    /// other.</summary>
    /// <remarks>Not thread safe: subscriptions come before the start, start and stop one at a time.</remarks>
    internal sealed class LifecycleSubject : ISiloLifecycle, IClusterClientLifecycle, IGrainLifecycle
    {
        private readonly List<Subscription> _subscriptions = [];
        private int _reached = int.MinValue;

        public int HighestCompletedStage => _reached;

        public int LowestStoppedStage { get; private set; } = int.MaxValue;

        public IDisposable Subscribe(string observerName, int stage, ILifecycleObserver observer)
        {
            var subscription = new Subscription(this, observerName, stage, _subscriptions.Count, observer);
            _subscriptions.Add(subscription);
            return subscription;
        }

        /// <summary>Starts all; when one fails, those that were started are stopped and the failure is
        /// thrown.</summary>
        internal async Task StartAsync(CancellationToken cancellationToken)
        {
            foreach (var subscription in InOrder(ascending: true))
            {
                cancellationToken.ThrowIfCancellationRequested();
                subscription.IsStarted = true;
                await subscription.Observer.OnStart(cancellationToken);
                _reached = subscription.Stage;
            }
        }

        /// <summary>Stops what was started, last first; all are tried, the first failure is thrown at the
        /// end.</summary>
        internal async Task StopAsync(CancellationToken cancellationToken)
        {
            List<Exception>? failures = null;
            foreach (var subscription in InOrder(ascending: false))
            {
                if (!subscription.IsStarted)
                {
                    continue;
                }

                subscription.IsStarted = false;
                try
                {
                    await subscription.Observer.OnStop(cancellationToken);
                }
                catch (Exception e)
                {
                    (failures ??= []).Add(
                        new OrleansException($"'{subscription.Name}' failed to stop: {e.Message}", e));
                }

                LowestStoppedStage = subscription.Stage;
            }

            if (failures is not null)
            {
                throw new AggregateException(failures);
            }
        }

        private List<Subscription> InOrder(bool ascending)
        {
            var ordered = _subscriptions.OrderBy(s => s.Stage).ThenBy(s => s.Number).ToList();
            if (!ascending)
            {
                ordered.Reverse();
            }

            return ordered;
        }

        private sealed class Subscription(
            LifecycleSubject owner, string name, int stage, int number, ILifecycleObserver observer) : IDisposable
        {
            internal string Name => name;

            internal int Stage => stage;

            internal int Number => number;

            internal ILifecycleObserver Observer => observer;

            internal bool IsStarted { get; set; }

            public void Dispose() => owner._subscriptions.Remove(this);
        }
    }
}
