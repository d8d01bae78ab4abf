using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Orleans.Configuration;

/// <summary>Names the cluster.</summary>
public class ClusterOptions
{
    internal const string DevelopmentName = "dev";

    /// <summary>Which cluster: silos of another do not talk to these.</summary>
    public string ClusterId { get; set; } = DevelopmentName;

    /// <summary>Which service: the same through all its deployments.</summary>
    public string ServiceId { get; set; } = DevelopmentName;
}

/// <summary>Names the silo.</summary>
public class SiloOptions
{
    /// <summary>The name, for people.</summary>
    public string SiloName { get; set; } = "Silo";
}

/// <summary>Where the silo listens.</summary>
public class EndpointOptions
{
    /// <summary>Where other silos connect.</summary>
    public const int DEFAULT_SILO_PORT = 11111;

    /// <summary>Where clients connect.</summary>
    public const int DEFAULT_GATEWAY_PORT = 30000;

    /// <summary>The address that others are told.</summary>
    public IPAddress AdvertisedIPAddress { get; set; } = IPAddress.Loopback;

    /// <summary>Where other silos connect; 1 to 65535.</summary>
    public int SiloPort { get; set; } = DEFAULT_SILO_PORT;

    /// <summary>Where clients connect; 0: nowhere.</summary>
    public int GatewayPort { get; set; } = DEFAULT_GATEWAY_PORT;

    /// <summary>What is bound for silos, if not the advertised address.</summary>
    public IPEndPoint? SiloListeningEndpoint { get; set; }

    /// <summary>What is bound for clients, if not the advertised address.</summary>
    public IPEndPoint? GatewayListeningEndpoint { get; set; }
}

/// <summary>What silos and clients have in common in sending calls.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a call may take; more than zero, 30 s by default.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How silos send calls.</summary>
public class SiloMessagingOptions : MessagingOptions;

/// <summary>How clients send calls.</summary>
public class ClientMessagingOptions : MessagingOptions;

/// <summary>How long activations stay.</summary>
public class GrainCollectionOptions
{
    /// <summary>Without calls for this long an activation may go; 15 minutes by default.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle ones are looked for; one minute by default.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long coming up may take; 30 s by default.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long going may take; 30 s by default.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Other ages, by the class's full name.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = new(StringComparer.Ordinal);
}

/// <summary>How silos find out about each other. With one silo there is nobody to find; kept for configuration
/// files.</summary>
public class ClusterMembershipOptions
{
    /// <summary>How often a silo says that it is there.</summary>
    public TimeSpan IAmAliveTablePublishTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a silo probes another.</summary>
    public TimeSpan ProbeTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Probes in a row that may fail.</summary>
    public int NumMissedProbesLimit { get; set; } = 3;
}

/// <summary>Where a client connects.</summary>
internal sealed class GatewayOptions
{
    /// <summary><c>host:port</c> each; tried in turn.</summary>
    [Required]
    internal List<string> Endpoints { get; } = [];
}
