using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Catalogs;
using Orleans.Configuration;
using Orleans.Lifecycle;
using Orleans.Scheduling;

namespace Orleans.Runtime
{
    /// <summary>The silo of this process.</summary>
    public interface ILocalSiloDetails
    {
        /// <summary>Its name.</summary>
        string Name { get; }

        /// <summary>Its cluster.</summary>
        string ClusterId { get; }

        /// <summary>Its host's name.</summary>
        string DnsHostName { get; }

        /// <summary>Where silos connect.</summary>
        SiloAddress SiloAddress { get; }

        /// <summary>Where clients connect.</summary>
        SiloAddress GatewayAddress { get; }
    }

    /// <summary>The silo of this process, from its options; the generation is the second of its start.</summary>
    internal sealed class LocalSiloDetails : ILocalSiloDetails
    {
        public LocalSiloDetails(
            IOptions<SiloOptions> silo, IOptions<ClusterOptions> cluster, IOptions<EndpointOptions> endpoints,
                TimeProvider time)
        {
            Name = silo.Value.SiloName;
            ClusterId = cluster.Value.ClusterId;
            DnsHostName = System.Net.Dns.GetHostName();
            var generation = (int)(time.GetUtcNow() - s_epoch).TotalSeconds;
            SiloAddress = SiloAddress.New(endpoints.Value.AdvertisedIPAddress, endpoints.Value.SiloPort, generation);
            GatewayAddress = SiloAddress.New(endpoints.Value.AdvertisedIPAddress, endpoints.Value.GatewayPort,
                generation);
        }

        private static readonly DateTimeOffset s_epoch = new(2022, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public string Name { get; }

        public string ClusterId { get; }

        public string DnsHostName { get; }

        public SiloAddress SiloAddress { get; }

        public SiloAddress GatewayAddress { get; }
    }
}

namespace Orleans.Membership
{
    using Orleans.Runtime;

    /// <summary>Starts and stops the silo with its host: lifecycle, collection, and at the end every
    /// activation.</summary>
    internal sealed class SiloHost : IHostedService, IAsyncDisposable
    {
        private static readonly DeactivationReason s_stopping = new(DeactivationReasonCode.ShuttingDown,
            "The silo stops.");
        private readonly ActorSystem _system;
        private readonly LifecycleSubject _lifecycle = new();
        private readonly Collector _collector;

        public SiloHost(ActorSystem system, IServiceProvider services)
        {
            _system = system;
            _collector = new Collector(system);
            _lifecycle.Subscribe("Collector", ServiceLifecycleStage.RuntimeServices, _collector.StartAsync,
                _collector.StopAsync);
            _lifecycle.Subscribe(
                "Activations", ServiceLifecycleStage.BecomeActive, static _ => Task.CompletedTask, DeactivateAllAsync);
            foreach (var participant in services.GetServices<ILifecycleParticipant<ISiloLifecycle>>())
            {
                participant.Participate(_lifecycle);
            }
        }

        public Task StartAsync(CancellationToken cancellationToken) => _lifecycle.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => _lifecycle.StopAsync(cancellationToken);

        public ValueTask DisposeAsync() => _system.DisposeAsync();

        /// <summary>Lets all go, oldest last so that what came later and may rest on it goes first; calls that run may
        /// end.</summary>
        private async Task DeactivateAllAsync(CancellationToken cancellationToken)
        {
            _system.IsStopping = true;
            var all = _system.Catalog.Snapshot();
            all.RemoveAll(static a => a.Kind.IsObserver);
            for (var i = all.Count - 1; i >= 0; i--)
            {
                all[i].BeginDeactivate(s_stopping);
            }

            try
            {
                await Task.WhenAll(all.Select(static a => a.Deactivated))
                    .WaitAsync(_system.Options.DeactivationTimeout, _system.Time, cancellationToken);
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException)
            {
                _system.Log.StopTimedOut(all.Count(static a => !a.Deactivated.IsCompleted));
            }
        }
    }

    /// <summary>Closes the client's connections with its host.</summary>
    internal sealed class ClientHost(ActorSystem system, IServiceProvider services) : IHostedService
    {
        private readonly LifecycleSubject _lifecycle = new();

        public Task StartAsync(CancellationToken cancellationToken)
        {
            foreach (var participant in services.GetServices<ILifecycleParticipant<IClusterClientLifecycle>>())
            {
                participant.Participate(_lifecycle);
            }

            return _lifecycle.StartAsync(cancellationToken);
        }

        public async Task StopAsync(CancellationToken cancellationToken)
        {
            await _lifecycle.StopAsync(cancellationToken);
            await system.DisposeAsync();
        }
    }

    /// <summary>Looks for activations that nobody has called for their age limit.</summary>
    internal sealed class Collector(ActorSystem system)
    {
        private static readonly DeactivationReason s_idle = new(DeactivationReasonCode.ActivationIdle,
            "Nobody called it for long.");
        private ITimer? _timer;

        internal Task StartAsync(CancellationToken cancellationToken)
        {
            var quantum = system.Options.CollectionQuantum;
            _timer = system.Time.CreateTimer(static c => ((Collector)c!).Collect(), this, quantum, quantum);
            return Task.CompletedTask;
        }

        internal async Task StopAsync(CancellationToken cancellationToken)
        {
            if (_timer is not null)
            {
                await _timer.DisposeAsync();
            }
        }

        internal void Collect() => Collect(null);

        /// <summary>Lets idle activations go; <paramref name="age"/> replaces the limits of the classes.</summary>
        internal int Collect(TimeSpan? age)
        {
            var count = 0;
            foreach (var activation in system.Catalog.Snapshot(IsOld, age))
            {
                if (activation.TryCollect(age ?? AgeLimitOf(activation.Kind), s_idle))
                {
                    count++;
                }
            }

            if (count > 0)
            {
                system.Log.Collected(count);
            }

            return count;
        }

        private bool IsOld(Activation activation, TimeSpan? age)
        {
            var limit = age ?? AgeLimitOf(activation.Kind);
            return !activation.Kind.IsObserver && limit != TimeSpan.MaxValue && activation.IsUnusedFor(limit);
        }

        private TimeSpan AgeLimitOf(GrainClass kind)
            => kind.AgeLimit ?? system.Options.ClassSpecificCollectionAge.GetValueOrDefault(
                kind.Type?.FullName ?? string.Empty, system.Options.CollectionAge);
    }
}
