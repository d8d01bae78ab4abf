using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using ClaudeFs.Grains;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Cli.Commands;

/// <summary>Options that several commands share, with their parsers: a bad value names itself and the rule.</summary>
internal static class CommonOptions
{
    private const int DaysMax = 10_000;

    public static Option<bool> Json() => new("--json") { Description = "Print figures as JSON." };

    public static Option<bool> Background() =>
        new("--background") { Description = "Return when mounted; or print the error and fail." };

    public static Option<LogLevel> LogLevel() => new("--log-level")
    {
        Description = "Trace, Debug, Information, Warning, Error or Critical.",
        DefaultValueFactory = _ => Microsoft.Extensions.Logging.LogLevel.Information,
    };

    public static Option<AckMode> Ack()
    {
        var option = new Option<AckMode>("--ack")
        {
            Description = "When a change is answered: `applied` in memory, as on a local disk, or `commit` to the log. "
                + "fsync always waits for the log.",
            DefaultValueFactory = _ => AckMode.Applied,
        };
        return option.AcceptOnlyFromAmong("applied", "commit");
    }

    public static Option<string?> Data() => new("--data")
    {
        Description = "Data directory; /var/lib/claudefs, or ~/.local/share/claudefs when not root.",
    };

    public static Option<IPEndPoint> Admin() => new("--admin")
    {
        Description = "Address of the admin API: status, health and metrics.",
        DefaultValueFactory = _ => new(IPAddress.Loopback, 8080),
        CustomParser = ParseLoopback,
    };

    public static Option<IPEndPoint> Listen() => new("--listen")
    {
        Description = "Address that `cfs mount` of other processes connects to. Loopback only: there is no TLS yet.",
        DefaultValueFactory = _ => new(IPAddress.Loopback, 9200),
        CustomParser = ParseLoopback,
    };

    public static Option<long> Size(string name, string description, long fallback) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = ParseSize,
    };

    public static Option<TimeSpan> Duration(string name, string description, TimeSpan fallback) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => fallback,
        CustomParser = ParseDuration,
    };

    public static string DataDirectory(string? given) => Path.GetFullPath(given ?? (Environment.IsPrivilegedProcess
        ? "/var/lib/claudefs"
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/share/claudefs")));

    private static long ParseSize(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (ByteSize.TryParse(text, out var bytes)) return bytes;
        result.AddError($"'{text}' is not a size: write bytes, or a number with K, M, G, T or P, as in 20G");
        return 0;
    }

    private static TimeSpan ParseDuration(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text == "0") return TimeSpan.Zero;
        var unit = text.Length < 2 ? TimeSpan.Zero : text[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => TimeSpan.Zero,
        };
        if (unit > TimeSpan.Zero && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None,
            CultureInfo.InvariantCulture, out var count) && count <= DaysMax)
        {
            return unit * count;
        }

        result.AddError($"'{text}' is not a duration: write 0, or up to {DaysMax} with s, m, h or d, as in 7d");
        return TimeSpan.Zero;
    }

    private static IPEndPoint ParseLoopback(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (!IPEndPoint.TryParse(text, out var endpoint)
            || endpoint.Port == 0 && !text.EndsWith(":0", StringComparison.Ordinal))
        {
            result.AddError($"'{text}' is not an address: write IP:PORT, as in 127.0.0.1:9200");
            return new(IPAddress.Loopback, 0);
        }
        if (!IPAddress.IsLoopback(endpoint.Address))
        {
            result.AddError(
                $"'{text}' is not a loopback address: without TLS ClaudeFS listens on 127.0.0.0/8 and ::1 only");
        }
        return endpoint;
    }
}
