using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.Silo.Scrub;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Silo.Admin;

/// <summary>
/// The admin API over HTTP: GET /v1/status, GET /v1/health, GET /metrics, GET and PUT /v1/quota/{u|g}/{id}, GET, POST
/// and DELETE /v1/scrub. Loopback only.
/// </summary>
public sealed class AdminServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly MetricsText _metrics = new();

    private AdminServer(WebApplication application) => _application = application;

    /// <summary>
    /// Starts to listen. A port in use throws <see cref="FsException"/> with EBUSY that names the port.
    /// </summary>
    public static async Task<AdminServer> StartAsync(
        IPEndPoint endpoint, Func<ValueTask<StatusReport>> status, IGrainFactory grains, Scrubber scrubber,
        ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        // Empty: any other builder reads settings from the current directory and environment, and watches that
        // directory with all below it, a mount of ours included, before it listens.
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddSingleton(loggers).AddLogging().AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(endpoint));
        var application = builder.Build();
        var server = new AdminServer(application);
        server.Map(status, grains);
        server.MapScrub(scrubber);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            await server.DisposeAsync();
            throw new FsException(
                FsError.EBUSY, $"--admin {endpoint}: the address is in use: choose another port", fault);
        }
        return server;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.DisposeAsync();
        _metrics.Dispose();
    }

    /// <summary>Where it listens: the port that was taken, if any was to do.</summary>
    public IPEndPoint Address
    {
        get
        {
            var address = new Uri(_application.Urls.First());
            return new(IPAddress.Parse(address.Host.Trim('[', ']')), address.Port);
        }
    }

    private void MapScrub(Scrubber scrubber)
    {
        _application.MapGet("/v1/scrub", () => Results.Json(scrubber.Report, JsonSerializerOptions.Web));
        _application.MapPost("/v1/scrub", (long rate) =>
        {
            if (rate < 0) return Results.Problem($"rate {rate} is negative", statusCode: 400);
            var isStarted = scrubber.TryStart(rate);
            return Results.Json(
                scrubber.Report, JsonSerializerOptions.Web,
                statusCode: isStarted ? StatusCodes.Status202Accepted : StatusCodes.Status409Conflict);
        });
        _application.MapDelete("/v1/scrub", async () =>
        {
            await scrubber.StopAsync();
            return Results.Json(scrubber.Report, JsonSerializerOptions.Web);
        });
    }

    private void Map(Func<ValueTask<StatusReport>> status, IGrainFactory grains)
    {
        _application.MapGet("/v1/status", async () => Results.Json(await status(), JsonSerializerOptions.Web));
        _application.MapGet("/v1/health", async () =>
        {
            var report = await status();
            return Results.Json(new { report.State, report.Reason }, JsonSerializerOptions.Web,
                statusCode: report.State == "ok" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
        });
        _application.MapGet("/metrics", () => Results.Text(_metrics.Write(), "text/plain; version=0.0.4"));
        _application.MapGet("/v1/quota/{kind}/{id}", async (string kind, uint id) =>
            kind is "u" or "g"
                ? Results.Json(
                    (await grains.GetGrain<IQuotaGrain>($"{kind}:{id}").GetUsageAsync()).Value,
                    JsonSerializerOptions.Web)
                : UnknownKind(kind));
        _application.MapPut("/v1/quota/{kind}/{id}", async (string kind, uint id, QuotaLimits limits) =>
        {
            if (kind is not ("u" or "g")) return UnknownKind(kind);
            var result = await grains.GetGrain<IQuotaGrain>($"{kind}:{id}").SetLimitsAsync(default, limits);
            return result.IsError ? Results.Problem($"limits not set: {result.Error}") : Results.NoContent();
        });
    }

    private static IResult UnknownKind(string kind) =>
        Results.Problem($"'{kind}' is neither u (user) nor g (group)", statusCode: StatusCodes.Status400BadRequest);
}
