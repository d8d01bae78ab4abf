using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains.Quotas;

/// <summary>Figures and syncing of the whole file system.</summary>
[Reentrant]
internal sealed class FileSystemGrain(FileSystemCore core) : Grain, IFileSystemGrain
{
    /// <inheritdoc/>
    public ValueTask<FsResult<FileSystemStatistics>> GetStatisticsAsync()
    {
        var total = core.Store.GetUsage(CounterKey.Total);
        return new(new FileSystemStatistics((ulong)Math.Max(0, total.Inodes), (ulong)Math.Max(0, total.Bytes)));
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<Nothing>> SyncAsync() => core.Store.SyncAsync();
}
