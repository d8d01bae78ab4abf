using System.Collections.Concurrent;
using ClaudeFs.Client.Content;
using ClaudeFs.Client.Files;
using ClaudeFs.Client.Flushing;
using ClaudeFs.Client.Leases;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Client.Sessions;
using ClaudeFs.Grains;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

/// <summary>
/// The file system as a library: one session, its leases, and everything they let it keep. Thread-safe. Dispose it to
/// flush what is written and close the session.
/// </summary>
/// <remarks>
/// The parts: <see cref="NodeTable"/> knows inodes, <see cref="InodeLeases"/> asks for them, <see cref="FileWriter"/>
/// and
/// <see cref="FileReader"/> move bytes, <see cref="Flusher"/> commits, <see cref="Recaller"/> gives back,
/// <see cref="Upkeep"/> tidies. Lock order: a file's gate, then one inode's lock, then leaves (dirty list, budgets,
/// caches,
/// pools). Never two inodes' locks; no lock across an await.
/// </remarks>
public sealed partial class FileSystemClient : IFileSystem, IAsyncDisposable
{
    private readonly ClientContext _context;
    private readonly InodeLeases _leases;
    private readonly ContentMaps _maps;
    private readonly Flusher _flusher;
    private readonly FileWriter _writer;
    private readonly FileReader _reader;
    private readonly Upkeep _upkeep;
    private readonly ILoop _loop;
    private readonly List<ILoop> _flushLoops = [];
    private readonly ConcurrentDictionary<ulong, FileHandle> _files = new();
    private readonly ConcurrentDictionary<ulong, DirectoryHandle> _directories = new();
    private ulong _lastHandle;
    private int _isDisposed;

    private FileSystemClient(ClientDependencies dependencies, ClientOptions options)
    {
        _loop = dependencies.Loops.Start("client");
        for (var i = 0; i < options.FlushLoops; i++) _flushLoops.Add(dependencies.Loops.Start($"client-flush-{i}"));
        _context = new ClientContext(dependencies, options, _loop, () => _upkeep?.NoteOverfull());
        _leases = new InodeLeases(_context);
        _maps = new ContentMaps(_context, _leases);
        _flusher = new Flusher(_context, _leases, _maps, _flushLoops);
        var recaller = new Recaller(_context, _leases) { Flusher = _flusher };
        _context.Sessions = new SessionKeeper(dependencies, options, _loop, recaller, recaller);
        _context.Caller = new GrainCaller(_context.Sessions, dependencies, options, _context.Instruments);
        _writer = new FileWriter(_context, _leases, _flusher, new QuotaWatch(_context, _leases));
        _reader = new FileReader(_context, _leases, _maps);
        _upkeep = new Upkeep(_context, _leases, _flusher);
    }

    /// <inheritdoc />
    public IInvalidationSink InvalidationSink
    {
        get => _context.Sink;
        set => _context.Sink = value;
    }

    /// <summary>The session's id, for people; None while there is none.</summary>
    public SessionId Session => _context.Sessions.Current?.Id ?? SessionId.None;

    /// <summary>Totals since the start, for a status line.</summary>
    public ClientStatistics Statistics
    {
        get
        {
            var count = _context.Instruments;
            return new ClientStatistics
            {
                Operations = count.Operations.Value,
                AttributeHits = count.AttributeHits.Value,
                AttributeMisses = count.AttributeMisses.Value,
                EntryHits = count.EntryHits.Value,
                EntryMisses = count.EntryMisses.Value,
                ChunkHits = count.ChunkHits.Value,
                ChunkMisses = count.ChunkMisses.Value,
                ReadBytes = count.ReadBytes.Value,
                WrittenBytes = count.WrittenBytes.Value,
                FlushedBytes = count.FlushedBytes.Value,
                Flushes = count.Flushes.Value,
                FlushFailures = count.FlushFailures.Value,
                LostBytes = count.LostBytes.Value,
                Recalls = count.Recalls.Value,
                Retries = count.Retries.Value,
                DirtyBytes = _context.Memory.HeldBytes,
                DirtyFiles = _context.Dirty.Count,
                CachedChunkBytes = _context.Chunks.HeldBytes,
                KnownInodes = _context.Nodes.Count,
                KnownEntries = _context.Nodes.Entries.Count,
                OpenFiles = _files.Count,
            };
        }
    }

    /// <summary>Inodes with open handles and how many each has, for who shuts down.</summary>
    public IReadOnlyList<(InodeId Inode, int Handles)> OpenFiles =>
        [.. _files.Values.GroupBy(static file => file.Inode.Id).Select(static group => (group.Key, group.Count()))];

    /// <summary>
    /// Opens a session and starts the client. Throws <see cref="ArgumentException"/> for wrong options and
    /// <see cref="FsException"/> (ETIMEDOUT) when no session can be had.
    /// </summary>
    public static async ValueTask<FileSystemClient> StartAsync(
        ClientDependencies dependencies, ClientOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dependencies);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var client = new FileSystemClient(dependencies, options);
        try
        {
            await client._context.Sessions.StartAsync(cancellationToken);
            if (options.PopulatesWriteBuffer)
                client._context.Slabs.Populate(options.WriteBufferBytes, client._flushLoops[0]);
            return client;
        }
        catch
        {
            await client.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Everything written so far is committed and durable. Errors: EIO, ENOSPC, EDQUOT (the first of what was lost;
    /// each file
    /// tells its own too), ETIMEDOUT (the silo is away; what could not be written is still to be).
    /// </summary>
    public async ValueTask<FsResult<Nothing>> SyncAllAsync(CancellationToken cancellationToken)
    {
        var (error, left) = (FsError.None, _context.Options.SiloWaitMax);
        foreach (var inode in _context.Dirty.Pin(int.MaxValue))
        {
            var outcome = await _flusher.FlushWithinAsync(inode, AckMode.Applied, left);

            // The silo is away: the others need not wait for it once more.
            if (outcome.Error == FsError.ETIMEDOUT) left = TimeSpan.Zero;
            if (error == FsError.None) error = outcome.Error;
            inode.Unpin();
        }

        if (error == FsError.ETIMEDOUT) return error;
        var synced = await _context.Caller.QueryAsync(
            _context.Dependencies.Grains.GetGrain<IFileSystemGrain>(0), static (grain, _) => grain.SyncAsync(),
            cancellationToken);
        return error == FsError.None ? synced : error;
    }

    /// <summary>
    /// Flushes everything, closes the session and ends the loops. What cannot be flushed, also because the silo is away
    /// for longer than SessionWaitMax, is logged and counted as lost.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0) return;
        await _upkeep.DisposeAsync();
        if (_context.Sessions.Current is not null) await SyncAllAsync(CancellationToken.None);
        foreach (var inode in _context.Dirty.Pin(int.MaxValue))
        {
            _flusher.Abandon(inode);
            inode.Unpin();
        }

        _context.Caller.IsGivenUp = true;
        if (_context.Sessions.Current is { IsValid: true }) await _context.Space.ShrinkAsync(0);
        await _context.Sessions.DisposeAsync();
        foreach (var loop in _flushLoops) await loop.DisposeAsync();
        await _loop.DisposeAsync();
        _context.Instruments.Dispose();
    }

    private AckMode Ack => _context.Options.Ack;

    private CachedInode Pin(InodeId inode)
    {
        _context.Instruments.Operations.Add(1);
        return _context.Nodes.Get(inode);
    }

    private ulong NextHandle() => Interlocked.Increment(ref _lastHandle);
}
