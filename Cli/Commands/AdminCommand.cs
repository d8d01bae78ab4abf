using System.CommandLine;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using ClaudeFs.Grains;

namespace ClaudeFs.Cli.Commands;

/// <summary>`cfs admin ...`: what an administrator changes in a running file system. Today: hard quotas.</summary>
internal static class AdminCommand
{
    public static Command Build() => new("admin", "Administer a running file system.") { BuildQuota() };

    private static Command BuildQuota()
    {
        var user = new Option<uint?>("--user") { Description = "Numeric user id." };
        var group = new Option<uint?>("--group") { Description = "Numeric group id." };
        var bytes = CommonOptions.Size("--bytes", "Hard limit of allocated bytes; 0 is none. Left out: unchanged.", -1);
        var inodes = new Option<long>("--inodes")
        {
            Description = "Hard limit of inodes; 0 is none. Left out: unchanged.", DefaultValueFactory = _ => -1,
        };
        var admin = CommonOptions.Admin();
        var command = new Command("quota", "Show or set the hard quota of a user or a group.")
        {
            user, group, bytes, inodes, admin,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(user) is null == result.GetValue(group) is null)
                result.AddError("admin quota: name one of --user and --group");
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var owner = parsed.GetValue(user) is { } uid ? $"u/{uid}" : $"g/{parsed.GetValue(group)}";
            return RunAsync(
                parsed.GetValue(admin)!, owner, parsed.GetValue(bytes), parsed.GetValue(inodes), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(
        IPEndPoint admin, string owner, long bytes, long inodes, CancellationToken cancellationToken)
    {
        using var http = new HttpClient
        {
            BaseAddress = new Uri($"http://{admin}/"), Timeout = TimeSpan.FromSeconds(5),
        };
        try
        {
            var usage = await http.GetFromJsonAsync<QuotaUsage>(
                $"v1/quota/{owner}", JsonSerializerOptions.Web, cancellationToken);
            if (bytes >= 0 || inodes >= 0)
            {
                var limits = new QuotaLimits(
                    bytes >= 0 ? (ulong)bytes : usage.Limits.BytesMax,
                    inodes >= 0 ? (ulong)inodes : usage.Limits.InodesMax);
                using var answer = await http.PutAsJsonAsync(
                    $"v1/quota/{owner}", limits, JsonSerializerOptions.Web, cancellationToken);
                answer.EnsureSuccessStatusCode();
                usage = usage with { Limits = limits };
            }
            Console.WriteLine(
                $"{owner}: {ByteSize.Format(usage.Bytes)} of {Limit(usage.Limits.BytesMax, b => ByteSize.Format(b))}, "
                + $"{usage.Inodes} inodes of {Limit(usage.Limits.InodesMax, n => $"{n}")}");
            return (int)ExitCode.Success;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            throw new CommandFailure(ExitCode.Unavailable, $"no silo answers at {admin}: {fault.Message}", fault);
        }
    }

    private static string Limit(ulong limit, Func<ulong, string> format) => limit == 0 ? "no limit" : format(limit);
}
