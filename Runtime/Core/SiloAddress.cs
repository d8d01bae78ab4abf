using System.Globalization;
using System.Net;

namespace Orleans.Runtime;

/// <summary>Where a silo listens, and which of its lives this is.</summary>
public sealed class SiloAddress : IEquatable<SiloAddress>, IComparable<SiloAddress>
{
    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        Endpoint = endpoint;
        Generation = generation;
    }

    /// <summary>No silo.</summary>
    public static SiloAddress Zero { get; } = New(new IPEndPoint(0, 0), 0);

    /// <summary>Where it listens.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>Grows with each start; negative for clients.</summary>
    public int Generation { get; }

    /// <summary>Whether this is a client.</summary>
    public bool IsClient => Generation < 0;

    /// <summary>Joins endpoint and generation.</summary>
    public static SiloAddress New(IPEndPoint ep, int gen) => new(ep, gen);

    /// <summary>Joins address, port and generation.</summary>
    public static SiloAddress New(IPAddress address, int port, int generation)
        => new(new IPEndPoint(address, port), generation);

    /// <summary>Reads what <see cref="ToParsableString"/> wrote.</summary>
    public static SiloAddress FromParsableString(string addr)
    {
        var at = addr.LastIndexOf('@');
        return at > 0 && IPEndPoint.TryParse(addr.AsSpan(0, at), out var endpoint)
            && int.TryParse(addr.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                out var gen)
            ? new SiloAddress(endpoint, gen)
            : throw new FormatException($"'{addr}' is no silo address: ip:port@generation");
    }

    /// <summary>Endpoint, at sign, generation.</summary>
    public string ToParsableString() => $"{Endpoint}@{Generation.ToString(CultureInfo.InvariantCulture)}";

    /// <inheritdoc/>
    public bool Equals(SiloAddress? other)
        => other is not null && Generation == other.Generation && Endpoint.Equals(other.Endpoint);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SiloAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => GetConsistentHashCode();

    /// <summary>A hash that is the same in every process.</summary>
    public int GetConsistentHashCode()
        => (int)StableHash32.Compute(System.Text.Encoding.UTF8.GetBytes(ToParsableString()));

    /// <inheritdoc/>
    public int CompareTo(SiloAddress? other)
        => other is null ? 1 : string.CompareOrdinal(ToParsableString(), other.ToParsableString());

    /// <inheritdoc/>
    public override string ToString() => "S" + ToParsableString();
}
