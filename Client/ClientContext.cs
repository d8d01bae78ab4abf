using ClaudeFs.Client.Buffers;
using ClaudeFs.Client.Content;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Client.Sessions;
using ClaudeFs.Client.Threading;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

/// <summary>What the parts of one client share.</summary>
internal sealed class ClientContext
{
    public ClientContext(ClientDependencies dependencies, ClientOptions options, ILoop loop, Action onOverfull)
    {
        (Dependencies, Options, Loop) = (dependencies, options, loop);
        Nodes = new NodeTable(onOverfull, options.LeasesMax, options.EntriesMax);
        Blocks = options.IsEmbedded
            ? dependencies.Blocks
            : new PatientBlockClient(dependencies.Blocks, dependencies, options);
        Chunks = new ChunkCache(Blocks, Slabs, options.ChunkCacheBytes, Instruments);
        Reader = new ContentReader(Blocks, Chunks, Instruments);
        Memory = new MemoryBudget(options.WriteBufferBytes, loop);
        Space = new SpaceBudget(Blocks, loop);
        Leaving = new Countdown(loop);
    }

    /// <summary>What the client stands on.</summary>
    public ClientDependencies Dependencies { get; }

    /// <summary>The block store; waits for its connection.</summary>
    public IBlockClient Blocks { get; }

    /// <summary>How it behaves.</summary>
    public ClientOptions Options { get; }

    /// <summary>Where waiters go on, and recalls and timers run.</summary>
    public ILoop Loop { get; }

    /// <summary>What it counts.</summary>
    public ClientInstruments Instruments { get; } = new();

    /// <summary>Buffers.</summary>
    public SlabPool Slabs { get; } = new();

    /// <summary>Inodes known.</summary>
    public NodeTable Nodes { get; }

    /// <summary>Chunks in memory.</summary>
    public ChunkCache Chunks { get; }

    /// <summary>Reads content.</summary>
    public ContentReader Reader { get; }

    /// <summary>Memory of buffered writes.</summary>
    public MemoryBudget Memory { get; }

    /// <summary>Space of buffered writes.</summary>
    public SpaceBudget Space { get; }

    /// <summary>Files without a name of which the silo is being told that nobody here has them open.</summary>
    public Countdown Leaving { get; }

    /// <summary>Files with something to flush.</summary>
    public DirtyList Dirty { get; } = new();

    /// <summary>The front end.</summary>
    public IInvalidationSink Sink { get; set; } = new NoSink();

    /// <summary>The session; set once at the start, before any operation.</summary>
    public SessionKeeper Sessions { get; set; } = null!;

    /// <summary>Calls grains; set with the session.</summary>
    public GrainCaller Caller { get; set; } = null!;

    /// <summary>The file's content; made when first needed. Under the inode's lock.</summary>
    public FileContent ContentOf(CachedInode inode) => inode.Content ??= new FileContent(Slabs, Loop);

    /// <summary>
    /// Puts an inode with something to flush on the dirty list, or takes a clean one off. Under the inode's lock, the
    /// inode
    /// pinned.
    /// </summary>
    public void NoteDirt(CachedInode inode, FileContent content)
    {
        if (!content.IsDirty)
        {
            content.DirtySince = 0;
            Dirty.Remove(inode);
        }
        else if (content.DirtySince == 0)
        {
            content.DirtySince = Math.Max(1, Dependencies.Time.GetTimestamp());
            Dirty.Add(inode);
        }
    }

    /// <summary>Tells the front end to drop an inode's attributes and pages; never fails.</summary>
    public async ValueTask InvalidateAsync(InodeId inode, long offset)
    {
        try
        {
            await Sink.InvalidateInodeAsync(inode, offset, 0);
        }
        catch (Exception fault)
        {
            // The front end is another's code: its trouble must not keep a lease from going back.
            Dependencies.Logger.InvalidationFailed(fault, inode);
        }
    }

    /// <summary>Tells the front end to drop names of a directory; never fails.</summary>
    public async ValueTask InvalidateEntriesAsync(InodeId directory, IReadOnlyList<FsName> names)
    {
        try
        {
            foreach (var name in names) await Sink.InvalidateEntryAsync(directory, name);
        }
        catch (Exception fault)
        {
            // The front end is another's code: its trouble must not keep a lease from going back.
            Dependencies.Logger.InvalidationFailed(fault, directory);
        }
    }

    private sealed class NoSink : IInvalidationSink
    {
        public ValueTask InvalidateInodeAsync(InodeId inode, long offset, long length) => default;

        public ValueTask InvalidateEntryAsync(InodeId parent, FsName name) => default;
    }
}
