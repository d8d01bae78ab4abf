using ClaudeFs.Client.Sessions;
using ClaudeFs.Client.Threading;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Nodes;

/// <summary>What a request notes when it leaves, so that its answer is learnt only if nothing overtook it.</summary>
/// <param name="Session">Under which it leaves; null when there is none.</param>
/// <param name="Fence">See <see cref="NodeTable"/>.</param>
/// <param name="Lease">Number of the lease that is held on the inode it is about; 0 when there is none.</param>
internal readonly record struct Ticket(ClientSession? Session, long Fence, ulong Lease);

/// <summary>Asks grains for attributes and leases and learns their answers. Thread-safe.</summary>
/// <remarks>
/// Answers come in any order, and recalls between them. Attributes carry a change counter, so older ones are known.
/// Names, maps and lists carry nothing: they are learnt only when they came with a grant that still holds, or when one
/// lease held from the question to the answer. Else another client may have changed them before the lease that holds
/// now was granted.
/// </remarks>
internal sealed class InodeLeases(ClientContext context)
{
    // A grant that a recall overtook is asked for again; each round is a grain's decision, so this ends in practice at
    // once.
    private const int GrantAttemptsMax = 16;

    /// <summary>A request about an inode leaves now.</summary>
    public Ticket Begin(CachedInode inode)
    {
        var (session, fence) = (context.Sessions.Current, context.Nodes.Fence);
        lock (inode.Sync) return new(session, fence, inode.HeldNumber(session));
    }

    /// <summary>The grain of a directory.</summary>
    public IDirectoryGrain Directory(InodeId id) =>
        context.Dependencies.Grains.GetGrain<IDirectoryGrain>((long)id.Value);

    /// <summary>The grain of a directory that is known.</summary>
    public IDirectoryGrain Directory(CachedInode inode)
    {
        if (inode.Proxy is IDirectoryGrain known) return known;
        var proxy = Directory(inode.Id);
        inode.Proxy = proxy;
        return proxy;
    }

    /// <summary>The grain of a file, symlink or device.</summary>
    public IInodeGrain File(CachedInode inode)
    {
        if (inode.Proxy is IInodeGrain known) return known;
        var proxy = context.Dependencies.Grains.GetGrain<IInodeGrain>((long)inode.Id.Value);
        inode.Proxy = proxy;
        return proxy;
    }

    /// <summary>The grain of an inode of either kind.</summary>
    public IInodeOperations Operations(CachedInode inode)
    {
        if (inode.Proxy is { } known) return known;
        bool isDirectory;
        lock (inode.Sync) isDirectory = inode.Id == InodeId.Root || inode.Server.IsDirectory;
        return isDirectory ? Directory(inode) : File(inode);
    }

    /// <summary>
    /// Learns an answer about an inode. True when it holds now and may be kept: it came with a lease, or under one.
    /// </summary>
    public bool Learn(CachedInode inode, in InodeAttributes attributes, LeaseGrant grant, in Ticket ticket)
    {
        lock (inode.Sync)
        {
            var isKept = Accept(inode, grant, ticket);
            inode.Learn(attributes, ticket.Fence);
            if (inode.HasAttributes && inode.Server.Nlink == 0) inode.IsOrphan = true;
            return isKept;
        }
    }

    /// <summary>
    /// Takes in the grant of an answer. True when what came with it may be kept. The inode's lock is held.
    /// </summary>
    public bool Accept(CachedInode inode, LeaseGrant grant, in Ticket ticket)
    {
        // What left the table meanwhile has forgotten which grants were recalled.
        if (context.Nodes.MayHaveLeftSince(inode.Id, ticket.Fence)) return false;
        return inode.Accept(grant, ticket.Session) || inode.IsStillHeld(ticket.Lease, ticket.Session);
    }

    /// <summary>A node for a front end, from what is known of an inode.</summary>
    public Node ToNode(CachedInode inode, TimeSpan entryTtl)
    {
        var session = context.Sessions.Current;
        lock (inode.Sync)
        {
            inode.IsForgotten = false;
            var ttl = inode.CanTell(session) ? inode.Ttl(session, context.Options.AttributesTtlMax) : TimeSpan.Zero;
            return new Node(inode.Visible, entryTtl, ttl);
        }
    }

    /// <summary>
    /// Attributes from the grain, with a lease when it gives one; learnt. Errors: ESTALE and the caller's.
    /// </summary>
    public async ValueTask<FsResult<InodeAttributes>> RefreshAsync(
        CachedInode inode, CancellationToken cancellationToken)
    {
        var ticket = Begin(inode);
        var reply = await context.Caller.QueryAsync(
            Operations(inode), static (grain, session) => grain.GetAttributesAsync(session), cancellationToken);
        if (reply.IsError) return reply.Error;
        Learn(inode, reply.Value.Attributes, reply.Value.Lease, ticket);
        lock (inode.Sync) return inode.Visible;
    }

    /// <summary>
    /// Gets at least the lease asked for, and fresh attributes with it. Errors: ESTALE, ETIMEDOUT, EINTR, EIO (not
    /// granted), EROFS (the store only reads, and grants this session nothing here: the attributes are those of this
    /// moment, and what is committed can be read without a lease).
    /// </summary>
    public async ValueTask<FsError> AcquireAsync(CachedInode inode, LeaseMode mode, CancellationToken cancellationToken)
    {
        AsyncGate gate;
        lock (inode.Sync) gate = inode.LeaseGate ??= new AsyncGate(context.Loop);
        await gate.EnterAsync();
        try
        {
            for (var attempt = 0; attempt < GrantAttemptsMax; attempt++)
            {
                var session = await context.Sessions.GetAsync(cancellationToken);
                if (session.IsError) return session.Error;
                lock (inode.Sync)
                {
                    if (inode.Holds(mode, session.Value) && !inode.IsStale) return FsError.None;
                }

                var (granted, error) = await AskAsync(inode, mode, cancellationToken);
                if (error != FsError.None) return error;
                if (granted == LeaseMode.None) return FsError.EROFS;
            }

            return FsError.EIO;
        }
        finally
        {
            gate.Exit();
        }
    }

    /// <summary>
    /// Takes a lease again, for a session that comes back. Asks only the inode's grain: who keeps the session cannot
    /// wait for itself. Errors: the grain's. Throws what a lost connection throws.
    /// </summary>
    public async ValueTask<FsError> ReclaimAsync(CachedInode inode, LeaseMode mode, ClientSession session)
    {
        var ticket = Begin(inode);
        var reply = await Operations(inode).AcquireLeaseAsync(session.Id, mode);
        if (reply.IsError) return reply.Error;
        Learn(inode, reply.Value.Attributes, reply.Value.Lease, ticket);

        // What is held still says how it was under the silo of before.
        if (reply.Value.Lease.Mode < mode) return FsError.ESTALE;
        lock (inode.Sync) return inode.Holds(mode, session) ? FsError.None : FsError.ESTALE;
    }

    private async ValueTask<(LeaseMode Granted, FsError Error)> AskAsync(
        CachedInode inode, LeaseMode mode, CancellationToken cancellationToken)
    {
        var ticket = Begin(inode);
        bool isHeld;
        lock (inode.Sync) isHeld = inode.Holds(mode, ticket.Session);
        if (isHeld) return (mode, (await RefreshAsync(inode, cancellationToken)).Error);
        var reply = await context.Caller.QueryAsync(
            (Grain: Operations(inode), Mode: mode),
            static (ask, session) => ask.Grain.AcquireLeaseAsync(session, ask.Mode), cancellationToken);
        if (reply.IsError) return (LeaseMode.None, reply.Error);
        Learn(inode, reply.Value.Attributes, reply.Value.Lease, ticket);
        return (reply.Value.Lease.Mode, FsError.None);
    }
}
