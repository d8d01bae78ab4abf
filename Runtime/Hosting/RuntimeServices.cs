using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Catalogs;
using Orleans.Configuration;
using Orleans.Filters;
using Orleans.Runtime;
using Orleans.Scheduling;

namespace Orleans.Hosting;

/// <summary>Registers the runtime in a host's services; what is there already - a clock, a scheduler - stays.</summary>
internal static class RuntimeServices
{
    internal static void AddSilo(IServiceCollection services)
    {
        if (!TryAddCommon(services, SystemRole.Silo))
        {
            return;
        }

        services.AddSingleton<ILocalSiloDetails, LocalSiloDetails>();
        services.AddSingleton<Membership.SiloHost>();
        services.AddHostedService(static s => s.GetRequiredService<Membership.SiloHost>());
        services.AddSingleton<IPersistentStateFactory, Storage.PersistentStateFactory>();
    }

    internal static void AddClient(IServiceCollection services)
    {
        if (TryAddCommon(services, SystemRole.Client))
        {
            services.AddHostedService<Membership.ClientHost>();
        }
    }

    private static bool TryAddCommon(IServiceCollection services, SystemRole role)
    {
        if (services.Any(static d => d.ServiceType == typeof(ActorSystem)))
        {
            return false;
        }

        services.AddOptions();
        services.AddLogging();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<WorkScheduler, PoolScheduler>();
        services.TryAddSingleton(static _ => new GrainTypeTable(GrainTypeTable.FindAssemblies()));
        services.AddSingleton<CallFilters>();
        services.AddSingleton(s => new ActorSystem(s, role));
        services.AddSingleton(static s => s.GetRequiredService<ActorSystem>().Factory);
        services.AddSingleton<IGrainFactory>(static s => s.GetRequiredService<GrainFactory>());
        services.AddSingleton<IClusterClient>(static s => s.GetRequiredService<GrainFactory>());
        services.AddSingleton<IGrainRuntime>(static s => s.GetRequiredService<ActorSystem>());
        services.AddSingleton<Timers.ITimerRegistry>(static s => s.GetRequiredService<ActorSystem>());
        services.AddSingleton<IGrainContextAccessor>(static s => s.GetRequiredService<ActorSystem>());
        services.AddTransient(static s => s.GetRequiredService<IGrainContextAccessor>().GrainContext);
        services.AddSingleton<IValidateOptions<SiloMessagingOptions>, OptionsValidator>();
        services.AddSingleton<IValidateOptions<ClientMessagingOptions>, OptionsValidator>();
        services.AddSingleton<IValidateOptions<GrainCollectionOptions>, OptionsValidator>();
        services.AddSingleton<IValidateOptions<ClusterOptions>, OptionsValidator>();
        services.AddSingleton<IValidateOptions<EndpointOptions>, OptionsValidator>();
        return true;
    }
}
