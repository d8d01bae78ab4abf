using System.Diagnostics.Metrics;

namespace ClaudeFs.Client;

/// <summary>A figure that is both a metric and a total for the status line.</summary>
internal sealed class Total(Counter<long> counter)
{
    private long _value;

    /// <summary>Since the start.</summary>
    public long Value => Interlocked.Read(ref _value);

    /// <summary>Counts.</summary>
    public void Add(long amount)
    {
        Interlocked.Add(ref _value, amount);
        if (counter.Enabled) counter.Add(amount);
    }
}

/// <summary>What the client counts; meter ClaudeFs.Client.</summary>
internal sealed class ClientInstruments : IDisposable
{
    private readonly Meter _meter = new("ClaudeFs.Client");

    public ClientInstruments()
    {
        AttributeHits = Make("claudefs.client.attributes.hits", "{lookup}", "Attributes answered under a lease");
        AttributeMisses = Make("claudefs.client.attributes.misses", "{lookup}", "Attributes asked for");
        EntryHits = Make("claudefs.client.entries.hits", "{lookup}", "Names answered under a lease");
        EntryMisses = Make("claudefs.client.entries.misses", "{lookup}", "Names asked for");
        ChunkHits = Make("claudefs.client.chunks.hits", "{chunk}", "Chunks read from memory");
        ChunkMisses = Make("claudefs.client.chunks.misses", "{chunk}", "Chunks read from the block store");
        ReadBytes = Make("claudefs.client.read", "By", "Bytes read by callers");
        WrittenBytes = Make("claudefs.client.written", "By", "Bytes written by callers");
        FlushedBytes = Make("claudefs.client.flushed", "By", "Bytes put to the block store");
        Flushes = Make("claudefs.client.flushes", "{flush}", "Commits of buffered writes");
        FlushFailures = Make("claudefs.client.flush.failures", "{flush}", "Flushes that lost data");
        LostBytes = Make("claudefs.client.lost", "By", "Written bytes that could not be committed");
        Recalls = Make("claudefs.client.recalls", "{recall}", "Leases asked back");
        Operations = Make("claudefs.client.operations", "{operation}", "Calls of the file system");
        Retries = Make("claudefs.client.call.retries", "{call}", "Grain calls sent again");
    }

    public Total AttributeHits { get; }

    public Total AttributeMisses { get; }

    public Total EntryHits { get; }

    public Total EntryMisses { get; }

    public Total ChunkHits { get; }

    public Total ChunkMisses { get; }

    public Total ReadBytes { get; }

    public Total WrittenBytes { get; }

    public Total FlushedBytes { get; }

    public Total Flushes { get; }

    public Total FlushFailures { get; }

    public Total LostBytes { get; }

    public Total Recalls { get; }

    public Total Operations { get; }

    public Total Retries { get; }

    public void Dispose() => _meter.Dispose();

    private Total Make(string name, string unit, string description) =>
        new(_meter.CreateCounter<long>(name, unit, description));
}
