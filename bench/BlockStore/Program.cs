using System.Text.Json;
using ClaudeFs.BlockStore.Bench;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using Microsoft.Extensions.Logging.Abstractions;

// usage: BlockStore.Bench [DIRECTORY] [MEGABYTES] [INLINE_BYTES]; prints JSON. Needs about twelve times MEGABYTES of
// space.
var directory = Directory.CreateTempSubdirectory("cfs-bench-").FullName;
if (args.Length > 0) directory = Directory.CreateDirectory(Path.Combine(args[0], "cfs-bench")).FullName;
var bytes = (args.Length > 1 ? int.Parse(args[1]) : 256) * (long)(1 << 20);
try
{
    var inlineBytes = args.Length > 2 ? int.Parse(args[2]) : 0;
    var options = new FileBlockDeviceOptions { Create = true, InlineBytesMax = inlineBytes };
    await using var raw = FileBlockDevice.Open(Path.Combine(directory, "raw"), options);
    await raw.GrowAsync(bytes * Bench.Rounds);
    await using var device = FileBlockDevice.Open(Path.Combine(directory, "device.cfs"), options);
    await using var index = SqliteSegmentIndex.Open(Path.Combine(directory, "blocks.db"));
    var storage = await StorageDevice.OpenAsync(
        device, new() { CapacityBytes = (bytes * 8) + (256 << 20) }, new SystemIdSource());
    while (await storage.GrowAsync())
    {
        // Fully grown first: what growth costs is not the question here.
    }

    await using var store = await ClaudeFs.DataPlane.Storage.BlockStore.OpenAsync(
        storage, index, new(), new ThreadLoopFactory(), TimeProvider.System, NullLogger.Instance);
    var results = await new Bench(store, device, raw, bytes).RunAsync();
    Console.WriteLine(JsonSerializer.Serialize(
        new { benchmark = "block store", isDirect = device.IsDirect, inlineBytes, megabytes = bytes >> 20, results },
        new JsonSerializerOptions { WriteIndented = true }));
}
finally
{
    Directory.Delete(directory, recursive: true);
}
