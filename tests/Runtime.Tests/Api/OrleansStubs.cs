namespace ClaudeFs.Runtime.Tests.Api;

/// <summary>Sources of stub assemblies for Orleans' packages that the registry lacks: signatures without
/// bodies.</summary>
internal static class OrleansStubs
{
    public const string SerializationAbstractions = """
        using System;
        namespace Orleans
        {
            public sealed class GenerateSerializerAttribute : Attribute {
                public bool IncludePrimaryConstructorParameters { get; init; } = true; }
            [AttributeUsage(AttributeTargets.All)] public sealed class IdAttribute : Attribute {
                public IdAttribute(uint id) { } }
            [AttributeUsage(AttributeTargets.All)] public sealed class AliasAttribute : Attribute {
                public AliasAttribute(string alias) { } }
            [AttributeUsage(AttributeTargets.All)] public sealed class ImmutableAttribute : Attribute { }
        }
        """;

    public const string Serialization = """
        using System;
        using System.Threading;
        using System.Threading.Tasks;
        namespace Orleans.Serialization.Invocation
        {
            public abstract class Response : IDisposable { public abstract void Dispose(); }
            public interface ITargetHolder { object GetTarget(); object GetComponent(Type componentType); }
            public interface IInvokable : IDisposable
            {
                int GetArgumentCount(); object GetArgument(int index); void SetArgument(int index, object value);
                string GetMethodName(); string GetInterfaceName(); Type GetInterfaceType();
            }
        }
        """;

    public const string Runtime = """
        using System;
        using System.Threading;
        using System.Threading.Tasks;
        using Orleans.Core;
        namespace Orleans
        {
            public interface IClusterClient : IGrainFactory { IServiceProvider ServiceProvider { get; } }
            public interface IGrainState<T> { T State { get; set; } string ETag { get; set;
                } bool RecordExists { get; set; } }
            public class CollectionAgeLimitAttribute : Attribute { public double Days { get; set;
                } public double Hours { get; set; } public double Minutes { get; set;
                    } public bool AlwaysActive { get; set; } }
            [AttributeUsage(AttributeTargets.Method | AttributeTargets.Interface)]
                public sealed class ResponseTimeoutAttribute : Attribute {
                    public ResponseTimeoutAttribute(string timeout) { } }
        }
        namespace Orleans.Runtime
        {
            public interface IPersistentState<TState> : IStorage<TState> { }
            public class PersistentStateAttribute : Attribute {
                public PersistentStateAttribute(string stateName, string storageName = null) { } }
            public interface ILocalSiloDetails { string Name { get; } string ClusterId { get;
                } string DnsHostName { get; } SiloAddress SiloAddress { get; } SiloAddress GatewayAddress { get; } }
        }
        namespace Orleans.Hosting
        {
            public interface ISiloBuilder
            {
                Microsoft.Extensions.DependencyInjection.IServiceCollection Services { get; }
                Microsoft.Extensions.Configuration.IConfiguration Configuration { get; }
            }
            public static class SiloBuilderExtensions
            {
                public static ISiloBuilder ConfigureServices(this ISiloBuilder builder,
                    Action<Microsoft.Extensions.DependencyInjection.IServiceCollection> configureDelegate) =>
                        throw null;
                public static ISiloBuilder Configure<TOptions>(this ISiloBuilder builder,
                    Action<TOptions> configureOptions) where TOptions : class => throw null;
            }
            public static class SiloBuilderStartupExtensions
            {
                public static ISiloBuilder AddStartupTask(this ISiloBuilder builder, Func<IServiceProvider,
                    CancellationToken, Task> startupTask, int stage = 20000) => throw null;
            }
            public static class PlacementStrategyExtensions
            {
                public static ISiloBuilder AddPlacementDirector<TStrategy, TDirector>(this ISiloBuilder builder)
                    where TStrategy : Orleans.Runtime.PlacementStrategy, new() where TDirector : class,
                        Orleans.Runtime.Placement.IPlacementDirector => throw null;
            }
        }
        namespace Orleans.Runtime.Placement
        {
            public readonly struct PlacementTarget { public GrainId GrainIdentity { get; } }
            public interface IPlacementContext { SiloAddress LocalSilo { get; } SiloAddress[]
                GetCompatibleSilos(PlacementTarget target); }
            public interface IPlacementDirector { Task<SiloAddress> OnAddActivation(PlacementStrategy strategy,
                PlacementTarget target, IPlacementContext context); }
        }
        """;
}
