using System.Text.Json;
using ClaudeFs.Rpc.Bench;

// Calls over loopback TCP beside a bare socket echo: `dotnet run -c Release --project bench/Rpc`.
(int Bytes, int Outstanding)[] cases = [(64, 1), (64, 64), (64 << 10, 1), (64 << 10, 16), (1 << 20, 4)];
var results = new List<Result>();
foreach (var (bytes, outstanding) in cases)
{
    using (var raw = new RawEcho(bytes, outstanding))
    {
        results.Add(await Measure.RunAsync("raw", bytes, outstanding, raw.RoundTripAsync));
    }

    foreach (var isInline in new[] { false, true })
    {
        await using var rpc = await RpcEcho.StartAsync(bytes, isInline);
        var name = isInline ? "rpc-inline" : "rpc";
        results.Add(await Measure.RunAsync(name, bytes, outstanding, rpc.RoundTripAsync));
    }
}

Console.WriteLine("[");
Console.WriteLine(string.Join(",\n", results.Select(result => "  " + JsonSerializer.Serialize(result))));
Console.WriteLine("]");
