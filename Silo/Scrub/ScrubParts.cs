using ClaudeFs.DataPlane.Storage;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Grains.Storage.Sqlite;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Silo.Check;

namespace ClaudeFs.Silo.Scrub;

/// <summary>What a scrub reads. All of it stays the silo's.</summary>
/// <param name="Blocks">Items, directories, segment table, superblocks.</param>
/// <param name="Metadata">Brought into the tables first.</param>
/// <param name="Log">The log below it.</param>
/// <param name="Rows">The tables, for the names of damaged files.</param>
/// <param name="Index">Brought from its write-ahead log into its file first.</param>
/// <param name="Pages">Databases whose pages are read.</param>
internal sealed record ScrubParts(
    BlockStore Blocks, MetadataStore Metadata, EmbeddedLog Log, SqliteRowTable Rows, SqliteSegmentIndex Index,
    PageFiles Pages);

/// <summary>
/// The databases of a data directory, opened a second time to read their pages from the disk. They are closed after
/// SQLite has closed them: to close a descriptor ends all locks (fcntl) that the process has on the file.
/// </summary>
internal sealed class PageFiles : IAsyncDisposable
{
    private PageFiles(IReadOnlyList<PageFile> files) => Files = files;

    public IReadOnlyList<PageFile> Files { get; private set; }

    /// <summary>Nothing is open yet: a new data directory has none of the files.</summary>
    public static PageFiles None() => new([]);

    /// <summary>Opens both files.</summary>
    public void Open(DataDirectory directory) => Files =
    [
        new(FileBlockDevice.Open(directory.Tables, new() { ReadOnly = true }), DatabasePages.TablesPageBytes),
        new(FileBlockDevice.Open(directory.BlockIndex, new() { ReadOnly = true }), DatabasePages.IndexPageBytes),
    ];

    public async ValueTask DisposeAsync()
    {
        foreach (var file in Files) await file.Device.DisposeAsync();
    }
}

/// <summary>A database, and the size of its pages.</summary>
internal sealed record PageFile(FileBlockDevice Device, int PageBytes);
