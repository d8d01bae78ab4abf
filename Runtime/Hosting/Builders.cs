using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.Storage;

namespace Orleans.Hosting
{
    /// <summary>Configures a silo.</summary>
    public interface ISiloBuilder
    {
        /// <summary>The host's services.</summary>
        IServiceCollection Services { get; }

        /// <summary>The host's configuration.</summary>
        IConfiguration Configuration { get; }
    }

    /// <summary>Configures a client.</summary>
    public interface IClientBuilder
    {
        /// <summary>The host's services.</summary>
        IServiceCollection Services { get; }

        /// <summary>The host's configuration.</summary>
        IConfiguration Configuration { get; }
    }

    /// <summary>A silo builder over the host's services.</summary>
    internal sealed class SiloBuilder(IServiceCollection services, IConfiguration configuration)
        : ISiloBuilder, IClientBuilder
    {
        public IServiceCollection Services => services;

        public IConfiguration Configuration => configuration;
    }

    /// <summary>Services and options of a silo.</summary>
    public static class SiloBuilderExtensions
    {
        /// <summary>Adds services.</summary>
        public static ISiloBuilder ConfigureServices(this ISiloBuilder builder,
            Action<IServiceCollection> configureDelegate)
        {
            configureDelegate(builder.Services);
            return builder;
        }

        /// <summary>Sets options.</summary>
        public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder, Action<TOptions> configureOptions)
            where TOptions : class
        {
            builder.Services.Configure(configureOptions);
            return builder;
        }
    }

    /// <summary>Services and options of a client.</summary>
    public static class ClientBuilderExtensions
    {
        /// <summary>Adds services.</summary>
        public static IClientBuilder ConfigureServices(
            this IClientBuilder builder, Action<IServiceCollection> configureDelegate)
        {
            configureDelegate(builder.Services);
            return builder;
        }

        /// <summary>Sets options.</summary>
        public static IClientBuilder Configure<TOptions>(this IClientBuilder builder, Action<TOptions> configureOptions)
            where TOptions : class
        {
            builder.Services.Configure(configureOptions);
            return builder;
        }

        /// <summary>Connects to a silo on this machine.</summary>
        public static IClientBuilder UseLocalhostClustering(
            this IClientBuilder builder,
            int gatewayPort = EndpointOptions.DEFAULT_GATEWAY_PORT,
            string serviceId = ClusterOptions.DevelopmentName,
            string clusterId = ClusterOptions.DevelopmentName)
        {
            builder.Services.Configure<ClusterOptions>(o => (o.ServiceId, o.ClusterId) = (serviceId, clusterId));
            return builder.UseStaticClustering(new IPEndPoint(IPAddress.Loopback, gatewayPort));
        }

        /// <summary>Connects to the silos at these addresses.</summary>
        public static IClientBuilder UseStaticClustering(this IClientBuilder builder, params IPEndPoint[] endpoints)
        {
            builder.Services.Configure<GatewayOptions>(o
                => o.Endpoints.AddRange(endpoints.Select(static e => e.ToString())));
            return builder;
        }
    }

    /// <summary>How a silo is found.</summary>
    public static class CoreHostingExtensions
    {
        /// <summary>One silo on this machine.</summary>
        public static ISiloBuilder UseLocalhostClustering(
            this ISiloBuilder builder,
            int siloPort = EndpointOptions.DEFAULT_SILO_PORT,
            int gatewayPort = EndpointOptions.DEFAULT_GATEWAY_PORT,
            IPEndPoint? primarySiloEndpoint = null,
            string serviceId = ClusterOptions.DevelopmentName,
            string clusterId = ClusterOptions.DevelopmentName)
        {
            if (primarySiloEndpoint is not null && primarySiloEndpoint.Port != siloPort)
            {
                throw new NotSupportedException("A second silo needs a coordination store; there is one silo");
            }

            builder.Services.Configure<ClusterOptions>(o => (o.ServiceId, o.ClusterId) = (serviceId, clusterId));
            builder.Services.Configure<EndpointOptions>(o =>
            {
                o.AdvertisedIPAddress = IPAddress.Loopback;
                o.SiloPort = siloPort;
                o.GatewayPort = gatewayPort;
            });
            return builder;
        }
    }

    /// <summary>Where a silo listens.</summary>
    public static class EndpointOptionsExtensions
    {
        /// <summary>Sets address and ports.</summary>
        public static ISiloBuilder ConfigureEndpoints(
            this ISiloBuilder builder,
            IPAddress advertisedIP,
            int siloPort,
            int gatewayPort,
            bool listenOnAnyHostAddress = false)
            => builder.Configure<EndpointOptions>(o =>
            {
                o.AdvertisedIPAddress = advertisedIP;
                o.SiloPort = siloPort;
                o.GatewayPort = gatewayPort;
                if (listenOnAnyHostAddress)
                {
                    o.SiloListeningEndpoint = new IPEndPoint(IPAddress.Any, siloPort);
                    o.GatewayListeningEndpoint = new IPEndPoint(IPAddress.Any, gatewayPort);
                }
            });
    }

    /// <summary>Filters of a silo.</summary>
    public static class GrainCallFilterSiloBuilderExtensions
    {
        /// <summary>Adds a filter.</summary>
        public static ISiloBuilder AddIncomingGrainCallFilter(this ISiloBuilder builder,
            IIncomingGrainCallFilter filter)
            => builder.ConfigureServices(s => s.AddSingleton(filter));

        /// <summary>Adds a filter.</summary>
        public static ISiloBuilder AddIncomingGrainCallFilter<TImplementation>(this ISiloBuilder builder)
            where TImplementation : class, IIncomingGrainCallFilter
            => builder.ConfigureServices(s => s.AddSingleton<IIncomingGrainCallFilter, TImplementation>());

        /// <summary>Adds a filter.</summary>
        public static ISiloBuilder AddIncomingGrainCallFilter(
            this ISiloBuilder builder, IncomingGrainCallFilterDelegate filter)
            => builder.AddIncomingGrainCallFilter(new Filters.IncomingDelegateFilter(filter));

        /// <summary>Adds a filter.</summary>
        public static ISiloBuilder AddOutgoingGrainCallFilter(this ISiloBuilder builder,
            IOutgoingGrainCallFilter filter)
            => builder.ConfigureServices(s => s.AddSingleton(filter));

        /// <summary>Adds a filter.</summary>
        public static ISiloBuilder AddOutgoingGrainCallFilter<TImplementation>(this ISiloBuilder builder)
            where TImplementation : class, IOutgoingGrainCallFilter
            => builder.ConfigureServices(s => s.AddSingleton<IOutgoingGrainCallFilter, TImplementation>());

        /// <summary>Adds a filter.</summary>
        public static ISiloBuilder AddOutgoingGrainCallFilter(
            this ISiloBuilder builder, OutgoingGrainCallFilterDelegate filter)
            => builder.AddOutgoingGrainCallFilter(new Filters.OutgoingDelegateFilter(filter));
    }

    /// <summary>What runs when a silo has started.</summary>
    public static class SiloBuilderStartupExtensions
    {
        /// <summary>Adds a task.</summary>
        public static ISiloBuilder AddStartupTask<TStartup>(
            this ISiloBuilder builder, int stage = ServiceLifecycleStage.Active)
            where TStartup : class, IStartupTask
            => builder.AddStartupTask(
                static (services, ct)
                    => ActivatorUtilities.GetServiceOrCreateInstance<TStartup>(services).Execute(ct), stage);

        /// <summary>Adds a task.</summary>
        public static ISiloBuilder AddStartupTask(
            this ISiloBuilder builder, IStartupTask startupTask, int stage = ServiceLifecycleStage.Active)
            => builder.AddStartupTask((_, ct) => startupTask.Execute(ct), stage);

        /// <summary>Adds a task.</summary>
        public static ISiloBuilder AddStartupTask(
            this ISiloBuilder builder,
            Func<IServiceProvider, CancellationToken, Task> startupTask,
            int stage = ServiceLifecycleStage.Active)
            => builder.ConfigureServices(s => s.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(
                services => new StartupParticipant(services, startupTask, stage)));
    }

    /// <summary>Placement directors of a silo.</summary>
    public static class PlacementStrategyExtensions
    {
        /// <summary>Adds a director for a strategy.</summary>
        public static ISiloBuilder AddPlacementDirector<TStrategy, TDirector>(this ISiloBuilder builder)
            where TStrategy : PlacementStrategy, new()
            where TDirector : class, IPlacementDirector
            => builder.ConfigureServices(static s => s.AddPlacementDirector<TStrategy, TDirector>());

        /// <summary>Adds a director for a strategy.</summary>
        public static ISiloBuilder AddPlacementDirector<TStrategy>(
            this ISiloBuilder builder, Func<IServiceProvider, IPlacementDirector> createDirector)
            where TStrategy : PlacementStrategy, new()
            => builder.ConfigureServices(s => s.AddPlacementDirector<TStrategy>(createDirector));

        /// <summary>Adds a director for a strategy.</summary>
        public static void AddPlacementDirector<TStrategy, TDirector>(this IServiceCollection services)
            where TStrategy : PlacementStrategy, new()
            where TDirector : class, IPlacementDirector
            => services.AddKeyedSingleton<IPlacementDirector, TDirector>(typeof(TStrategy));

        /// <summary>Adds a director for a strategy.</summary>
        public static void AddPlacementDirector<TStrategy>(
            this IServiceCollection services, Func<IServiceProvider, IPlacementDirector> createDirector)
            where TStrategy : PlacementStrategy, new()
            => services.AddKeyedSingleton(typeof(TStrategy), (s, _) => createDirector(s));
    }

    /// <summary>Storage in memory.</summary>
    public static class MemoryGrainStorageSiloBuilderExtensions
    {
        /// <summary>Adds storage that lives as long as the silo.</summary>
        public static ISiloBuilder AddMemoryGrainStorage(this ISiloBuilder builder, string name)
            => builder.ConfigureServices(s
                => s.AddKeyedSingleton<IGrainStorage>(name, static (_, _) => new MemoryGrainStorage()));

        /// <summary>Adds storage that lives as long as the silo, for states that name none.</summary>
        public static ISiloBuilder AddMemoryGrainStorageAsDefault(this ISiloBuilder builder)
            => builder.AddMemoryGrainStorage(Providers.ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME);
    }

    /// <summary>A start-up task in the lifecycle.</summary>
    internal sealed class StartupParticipant(
        IServiceProvider services, Func<IServiceProvider, CancellationToken, Task> task, int stage)
        : ILifecycleParticipant<ISiloLifecycle>
    {
        public void Participate(ISiloLifecycle lifecycle)
            => lifecycle.Subscribe<StartupParticipant>(stage, ct => task(services, ct));
    }
}

namespace Orleans.Runtime.Hosting
{
    /// <summary>Storage of other kinds.</summary>
    public static class StorageProviderExtensions
    {
        /// <summary>Adds a storage under a name; it takes part in the silo's life if it wants.</summary>
        public static IServiceCollection AddGrainStorage<T>(
            this IServiceCollection collection, string name, Func<IServiceProvider, string, T> implementationFactory)
            where T : IGrainStorage
        {
            collection.AddKeyedSingleton<IGrainStorage>(name, (s, key) => implementationFactory(s, (string)key!));
            if (typeof(ILifecycleParticipant<ISiloLifecycle>).IsAssignableFrom(typeof(T)))
            {
                collection.AddSingleton(
                    s => (ILifecycleParticipant<ISiloLifecycle>)s.GetRequiredKeyedService<IGrainStorage>(name));
            }

            return collection;
        }
    }
}

namespace Microsoft.Extensions.Hosting
{
    /// <summary>A silo in a host.</summary>
    public static class GenericHostExtensions
    {
        /// <summary>Adds a silo to the host.</summary>
        public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<ISiloBuilder> configureDelegate)
            => hostBuilder.UseOrleans((_, silo) => configureDelegate(silo));

        /// <summary>Adds a silo to the host.</summary>
        public static IHostBuilder UseOrleans(
            this IHostBuilder hostBuilder, Action<HostBuilderContext, ISiloBuilder> configureDelegate)
            => hostBuilder.ConfigureServices((context, services) =>
            {
                RuntimeServices.AddSilo(services);
                configureDelegate(context, new SiloBuilder(services, context.Configuration));
            });

        /// <summary>Adds a silo to the host.</summary>
        public static HostApplicationBuilder UseOrleans(
            this HostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
        {
            RuntimeServices.AddSilo(hostAppBuilder.Services);
            configureDelegate(new SiloBuilder(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }

        /// <summary>Adds a silo to the host.</summary>
        public static IHostApplicationBuilder UseOrleans(
            this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
        {
            RuntimeServices.AddSilo(hostAppBuilder.Services);
            configureDelegate(new SiloBuilder(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }
    }

    /// <summary>A client in a host.</summary>
    public static class OrleansClientGenericHostExtensions
    {
        /// <summary>Adds a client to the host.</summary>
        public static IHostBuilder UseOrleansClient(this IHostBuilder hostBuilder,
            Action<IClientBuilder> configureDelegate)
            => hostBuilder.ConfigureServices((context, services) =>
            {
                RuntimeServices.AddClient(services);
                configureDelegate(new SiloBuilder(services, context.Configuration));
            });

        /// <summary>Adds a client to the host.</summary>
        public static HostApplicationBuilder UseOrleansClient(
            this HostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
        {
            RuntimeServices.AddClient(hostAppBuilder.Services);
            configureDelegate(new SiloBuilder(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }

        /// <summary>Adds a client to the host.</summary>
        public static IHostApplicationBuilder UseOrleansClient(
            this IHostApplicationBuilder hostAppBuilder, Action<IClientBuilder> configureDelegate)
        {
            RuntimeServices.AddClient(hostAppBuilder.Services);
            configureDelegate(new SiloBuilder(hostAppBuilder.Services, hostAppBuilder.Configuration));
            return hostAppBuilder;
        }
    }
}

namespace Orleans.Providers
{
    /// <summary>Names that are taken when none is given.</summary>
    public static class ProviderConstants
    {
        /// <summary>The storage.</summary>
        public const string DEFAULT_STORAGE_PROVIDER_NAME = "Default";
    }
}
