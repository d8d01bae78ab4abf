using System.Text.Json;
using ClaudeFs.Primitives;
using ClaudeFs.Reduction.Bench;
using ClaudeFs.Reduction.Hashing;

int[] sizes = [4 << 10, 64 << 10, 1 << 20];
var results = new List<Result>();
var key = new byte[Blake3.KeyBytes];
var hash = new byte[Blake3.HashBytes];
foreach (var size in sizes)
{
    var input = new byte[size];
    new Random(size).NextBytes(input);
    foreach (var tier in Enum.GetValues<Blake3Tier>().Where(Blake3.IsSupported))
    {
        var rate = Measure.GigabytesPerSecond(size, () => Blake3.KeyedHash(key, input, hash, tier));
        results.Add(new Result("blake3", tier.ToString(), size, rate));
    }

    results.Add(new Result("crc32c", "best", size, Measure.GigabytesPerSecond(size, () => Crc32c.Compute(input))));
}

var bytes = new byte[1 << 20];
new Random(1).NextBytes(bytes);
var baseline = B3Sum.GigabytesPerSecond(bytes);
Console.WriteLine(JsonSerializer.Serialize(new Report("reduction-kernels", "GB/s", results, baseline), Json.Options));
