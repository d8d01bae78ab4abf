using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ClaudeFs.DataPlane.Transports;

/// <summary>Where a peer listens: a host name or address, and a port.</summary>
public readonly record struct Endpoint(string Host, int Port)
{
    /// <summary>Port of metadata and blocks.</summary>
    public const int DefaultPort = 9200;

    /// <summary>Accepted in addresses for <see cref="DefaultPort"/>; nothing listens there.</summary>
    public const int AliasPort = 9300;

    private const int PortMax = 65535;
    private const int HostCharsMax = 255;

    /// <summary>
    /// Reads "host", "host:port", "[v6]" or "[v6]:port"; without a port it is 9200, and 9300 means 9200.
    /// </summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Endpoint endpoint)
    {
        endpoint = default;
        if (string.IsNullOrWhiteSpace(text) || text.Length > HostCharsMax) return false;

        var (host, port) = Split(text.Trim());
        if (host.Length == 0 || host.Any(char.IsWhiteSpace)) return false;
        if (port is null)
        {
            endpoint = new Endpoint(host, DefaultPort);
            return true;
        }

        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > PortMax)
        {
            return false;
        }

        endpoint = new Endpoint(host, number == AliasPort ? DefaultPort : number);
        return true;
    }

    /// <summary>As <see cref="TryParse"/>; throws FormatException naming the text and the rule.</summary>
    public static Endpoint Parse(string text) => TryParse(text, out var endpoint)
        ? endpoint
        : throw new FormatException(
            $"'{text}' is no address: it must be HOST or HOST:PORT, with a port up to {PortMax}");

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    private static (string Host, string? Port) Split(string text)
    {
        if (text[0] == '[')
        {
            var close = text.IndexOf(']', StringComparison.Ordinal);
            if (close < 0) return ("", null);
            var rest = text[(close + 1)..];
            if (rest.Length == 0) return (text[1..close], null);
            return rest[0] == ':' ? (text[1..close], rest[1..]) : ("", null);
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return (text, null);
        // More than one colon is an IPv6 address without brackets, which has no port.
        return colon == text.LastIndexOf(':') ? (text[..colon], text[(colon + 1)..]) : (text, null);
    }
}
