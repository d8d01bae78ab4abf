using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>Configures the silo of a test cluster.</summary>
public interface ISiloConfigurator
{
    /// <summary>Configures.</summary>
    void Configure(ISiloBuilder siloBuilder);
}

/// <summary>Configures the client of a test cluster.</summary>
public interface IClientBuilderConfigurator
{
    /// <summary>Configures.</summary>
    void Configure(IConfiguration configuration, IClientBuilder clientBuilder);
}

/// <summary>Configures the host of a silo of a test cluster.</summary>
public interface IHostConfigurator
{
    /// <summary>Configures.</summary>
    void Configure(IHostBuilder hostBuilder);
}

/// <summary>How a test cluster is made.</summary>
public class TestClusterOptions
{
    /// <summary>The cluster.</summary>
    public string ClusterId { get; set; } = "test";

    /// <summary>The service.</summary>
    public string ServiceId { get; set; } = "test";

    /// <summary>How many silos: one.</summary>
    public short InitialSilosCount { get; set; } = 1;
}

/// <summary>Builds a test cluster.</summary>
public class TestClusterBuilder
{
    private readonly List<Type> _configurators = [];

    /// <summary>A cluster of one silo.</summary>
    public TestClusterBuilder()
        : this(1)
    {
    }

    /// <summary>A cluster of as many silos; more than one are not there yet.</summary>
    public TestClusterBuilder(short initialSilosCount)
    {
        if (initialSilosCount != 1)
        {
            throw new NotSupportedException($"{initialSilosCount} silos were asked for; this runtime has one");
        }

        Options = new TestClusterOptions { InitialSilosCount = initialSilosCount };
    }

    /// <summary>The options.</summary>
    public TestClusterOptions Options { get; }

    /// <summary>Configuration values for the silo.</summary>
    public Dictionary<string, string> Properties { get; } = new(StringComparer.Ordinal);

    /// <summary>Adds an <see cref="ISiloConfigurator"/> or <see cref="IHostConfigurator"/>.</summary>
    public TestClusterBuilder AddSiloBuilderConfigurator<T>()
        where T : new()
    {
        if (!typeof(ISiloConfigurator).IsAssignableFrom(typeof(T))
            && !typeof(IHostConfigurator).IsAssignableFrom(typeof(T)))
        {
            throw new ArgumentException($"{typeof(T)} is neither an ISiloConfigurator nor an IHostConfigurator");
        }

        _configurators.Add(typeof(T));
        return this;
    }

    /// <summary>Makes the cluster; nothing runs yet.</summary>
    public TestCluster Build() => new(Options, Properties, [.. _configurators]);
}

/// <summary>A silo of a test cluster.</summary>
public abstract class SiloHandle
{
    /// <summary>Its name.</summary>
    public string Name { get; set; } = string.Empty;

    /// <summary>Its address.</summary>
    public SiloAddress SiloAddress { get; set; } = SiloAddress.Zero;

    /// <summary>Whether it runs.</summary>
    public abstract bool IsActive { get; }
}

/// <summary>A silo in this process.</summary>
internal sealed class HostedSilo(IHost host) : SiloHandle
{
    private bool _isActive = true;

    public override bool IsActive => _isActive;

    internal IServiceProvider Services => host.Services;

    internal async Task StopAsync(CancellationToken cancellation)
    {
        if (_isActive)
        {
            _isActive = false;
            await host.StopAsync(cancellation);
            await ((IAsyncDisposable)host).DisposeAsync();
        }
    }
}

/// <summary>A cluster in this process, for tests: one silo, called by its own factory.</summary>
public class TestCluster : IDisposable, IAsyncDisposable
{
    private readonly Dictionary<string, string> _properties;
    private readonly Type[] _configurators;
    private readonly List<SiloHandle> _silos = [];

    internal TestCluster(TestClusterOptions options, Dictionary<string, string> properties, Type[] configurators)
    {
        Options = options;
        _properties = properties;
        _configurators = configurators;
    }

    /// <summary>The options.</summary>
    public TestClusterOptions Options { get; }

    /// <summary>The silos.</summary>
    public IReadOnlyList<SiloHandle> Silos => _silos;

    /// <summary>The first silo.</summary>
    public SiloHandle Primary => _silos.Count > 0 ? _silos[0] : throw NotDeployed();

    /// <summary>The grains.</summary>
    public IClusterClient Client => ServiceProvider.GetRequiredService<IClusterClient>();

    /// <summary>The grains.</summary>
    public IGrainFactory GrainFactory => Client;

    /// <summary>The silo's services.</summary>
    public IServiceProvider ServiceProvider => ((HostedSilo)Primary).Services;

    /// <summary>Starts the silo.</summary>
    public void Deploy() => DeployAsync().GetAwaiter().GetResult();

    /// <summary>Starts the silo.</summary>
    public async Task DeployAsync()
    {
        if (_silos.Count > 0)
        {
            throw new InvalidOperationException("The cluster is deployed already");
        }

        await StartSiloAsync();
    }

    /// <summary>Starts another silo, after the first was stopped or killed.</summary>
    public Task<SiloHandle> StartAdditionalSiloAsync(bool startAdditionalSiloOnNewPort = false)
        => _silos.Exists(static s => s.IsActive)
            ? throw new NotSupportedException("A second silo was asked for; this runtime has one")
            : StartSiloAsync();

    /// <summary>Stops a silo in order.</summary>
    public async Task StopSiloAsync(SiloHandle instance)
    {
        await ((HostedSilo)instance).StopAsync(CancellationToken.None);
        _silos.Remove(instance);
    }

    /// <summary>Stops a silo without waiting for its grains.</summary>
    public async Task KillSiloAsync(SiloHandle instance)
    {
        await ((HostedSilo)instance).StopAsync(new CancellationToken(canceled: true));
        _silos.Remove(instance);
    }

    /// <summary>Stops all silos in order.</summary>
    public async Task StopAllSilosAsync()
    {
        foreach (var silo in _silos.ToArray())
        {
            await StopSiloAsync(silo);
        }
    }

    /// <summary>Waits until all silos see each other; with one silo that is at once.</summary>
    public Task WaitForLivenessToStabilizeAsync(bool didKill = false) => Task.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAllSilosAsync();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }

    private static InvalidOperationException NotDeployed() => new("The cluster is not deployed");

    private async Task<SiloHandle> StartSiloAsync()
    {
        var builder = new HostBuilder();
        builder.ConfigureAppConfiguration(c => c.AddInMemoryCollection(_properties!));
        var configurators = _configurators.Select(static t => Activator.CreateInstance(t)!).ToList();
        foreach (var configurator in configurators.OfType<IHostConfigurator>())
        {
            configurator.Configure(builder);
        }

        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(serviceId: Options.ServiceId, clusterId: Options.ClusterId);
            silo.Configure<SiloOptions>(static o => o.SiloName = "Primary");
            foreach (var configurator in configurators.OfType<ISiloConfigurator>())
            {
                configurator.Configure(silo);
            }
        });
        var host = builder.Build();
        await host.StartAsync(CancellationToken.None);
        var details = host.Services.GetRequiredService<ILocalSiloDetails>();
        var silo = new HostedSilo(host) { Name = details.Name, SiloAddress = details.SiloAddress };
        _silos.Add(silo);
        return silo;
    }
}
