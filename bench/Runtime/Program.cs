using System.Diagnostics;
using System.Text.Json;
using ClaudeFs.Bench.Runtime;
using ClaudeFs.Primitives;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;

// Local calls of the actor runtime: p50 and p99 over batches, bytes a call. Prints one JSON object.
var seconds = args.Length > 0 ? double.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 1.0;
var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.UseOrleans(static silo => silo.UseLocalhostClustering());
using var host = builder.Build();
await host.StartAsync();
var grains = host.Services.GetRequiredService<IGrainFactory>();
var results = new Dictionary<string, object>(StringComparer.Ordinal)
{
    ["fromThread"] = Measured(FromThread, seconds),
    ["fromThreadWithGetGrain"] = Measured(FromThreadWithGetGrain, seconds),
    ["fromGrain"] = FromGrain(),
    ["eightCallersOneActivation"] = EightCallers(),
    ["pendingThousand"] = Pending(),
    ["firstCall"] = FirstCalls(),
};
Console.WriteLine(JsonSerializer.Serialize(results, new JsonSerializerOptions { WriteIndented = true }));
await host.StopAsync();

Action<int> FromThread()
{
    var grain = grains.GetGrain<IBenchGrain>(1);
    var name = new BenchName("a");
    return count =>
    {
        for (var i = 0; i < count; i++)
        {
            var task = grain.CallAsync(name, 1);
            if (!task.IsCompleted || task.Result.IsError)
            {
                throw new InvalidOperationException("The call was not run in line");
            }
        }
    };
}

Action<int> FromThreadWithGetGrain()
{
    var name = new BenchName("a");
    return count =>
    {
        for (var i = 0; i < count; i++)
        {
            if (grains.GetGrain<IBenchGrain>(1).CallAsync(name, 1).Result.IsError)
            {
                throw new InvalidOperationException("The call failed");
            }
        }
    };
}

object Measured(Func<Action<int>> make, double time)
{
    const int Batch = 100;
    var run = make();
    for (var i = 0; i < 10; i++)
    {
        run(200_000);
    }

    var batches = new List<double>(1_000_000);
    var bytes = GC.GetAllocatedBytesForCurrentThread();
    run(10_000);
    bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
    var end = Stopwatch.GetTimestamp() + (long)(time * Stopwatch.Frequency);
    while (Stopwatch.GetTimestamp() < end)
    {
        var start = Stopwatch.GetTimestamp();
        run(Batch);
        batches.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / Batch);
    }

    return Summary(batches, bytes / 10_000.0);
}

object FromGrain()
{
    var grain = grains.GetGrain<IBenchGrain>(2);
    for (var i = 0; i < 10; i++)
    {
        grain.CallOtherAsync(1, 2000, 100).Wait();
    }

    var bytes = GC.GetAllocatedBytesForCurrentThread();
    var batches = grain.CallOtherAsync(1, 10_000, 100).Result;
    bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
    return Summary([.. batches], bytes / 1_000_000.0);
}

object EightCallers()
{
    const int Calls = 100_000;
    var latencies = new List<double>[8];
    var threads = new Thread[8];
    var total = Stopwatch.GetTimestamp();
    for (var t = 0; t < threads.Length; t++)
    {
        var mine = latencies[t] = new List<double>(Calls);
        threads[t] = new Thread(() =>
        {
            var grain = grains.GetGrain<IBenchGrain>(3);
            var name = new BenchName("a");
            for (var i = 0; i < Calls; i++)
            {
                var start = Stopwatch.GetTimestamp();
                var task = grain.CallAsync(name, 1);
                var answer = task.IsCompleted ? task.Result : task.AsTask().Result;
                mine.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds);
                if (answer.IsError)
                {
                    throw new InvalidOperationException("The call failed");
                }
            }
        });
        threads[t].Start();
    }

    foreach (var thread in threads)
    {
        thread.Join();
    }

    var seconds = Stopwatch.GetElapsedTime(total).TotalSeconds;
    return new { callsPerSecond = (long)(8 * Calls / seconds),
        latency = Summary([.. latencies.SelectMany(static l => l)], 0) };
}

object Pending()
{
    const int Calls = 1000;
    var grain = grains.GetGrain<IBenchGrain>(4);
    var name = new BenchName("a");
    var tasks = new ValueTask<FsResult<ulong>>[Calls];
    var batches = new List<double>();
    long bytes = 0;
    for (var round = 0; round < 300; round++)
    {
        var before = GC.GetTotalAllocatedBytes();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < Calls; i++)
        {
            tasks[i] = grain.WaitAsync(name, (ulong)i);
        }

        grain.ReleaseAsync().AsTask().Wait();
        for (var i = 0; i < Calls; i++)
        {
            _ = tasks[i].IsCompleted ? tasks[i].Result : tasks[i].AsTask().Result;
        }

        if (round >= 100)
        {
            batches.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds / Calls);
            bytes += GC.GetTotalAllocatedBytes() - before;
        }
    }

    return Summary(batches, bytes / (200.0 * Calls));
}

object FirstCalls()
{
    const int Calls = 20_000;
    var name = new BenchName("a");
    var batches = new List<double>(Calls);
    var bytes = GC.GetAllocatedBytesForCurrentThread();
    for (var i = 0; i < Calls; i++)
    {
        var start = Stopwatch.GetTimestamp();
        _ = grains.GetGrain<IBenchGrain>(1000 + i).CallAsync(name, 1).AsTask().Result;
        batches.Add(Stopwatch.GetElapsedTime(start).TotalNanoseconds);
    }

    return Summary(batches, (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)Calls);
}

static object Summary(List<double> nanoseconds, double bytesPerCall)
{
    nanoseconds.Sort();
    return new
    {
        p50Nanoseconds = Math.Round(nanoseconds[nanoseconds.Count / 2], 1),
        p99Nanoseconds = Math.Round(nanoseconds[nanoseconds.Count * 99 / 100], 1),
        bytesPerCall = Math.Round(bytesPerCall, 1),
    };
}
