using ClaudeFs.Grains.Leases;
using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Sessions;
using ClaudeFs.Grains.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Hosting;

namespace ClaudeFs.Grains.Hosting;

/// <summary>Adds the grains to a silo.</summary>
public static class GrainsHosting
{
    /// <summary>
    /// Adds what the grains need: an open store, which stays its maker's, and options. Before the silo serves, the
    /// root directory is
    /// made if missing, and the sessions of before are ended or waited for. An <see
    /// cref="Platform.Seams.IGarbageEpochs"/> among
    /// the services is asked for garbage epochs; a TimeProvider for the time.
    /// </summary>
    public static ISiloBuilder AddClaudeFsGrains(this ISiloBuilder builder, MetadataStore store,
        GrainOptions? options = null)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(store);
        services.AddSingleton(options ?? new GrainOptions());
        services.AddSingleton<SessionTable>();
        services.AddSingleton<QuotaLedger>();
        services.AddSingleton<LeaseRecaller>();
        services.AddSingleton<FileSystemCore>();
        services.AddSingleton<FileSystemStartup>();
        return builder.AddStartupTask(
            static (provider, token) => provider.GetRequiredService<FileSystemStartup>().StartAsync(token));
    }
}
