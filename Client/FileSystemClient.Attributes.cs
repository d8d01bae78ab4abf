using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

// Attributes, extended attributes, symlinks, space.
public sealed partial class FileSystemClient
{
    private const AttributeMask TimesMask = AttributeMask.Atime | AttributeMask.Mtime | AttributeMask.AtimeNow
        | AttributeMask.MtimeNow | AttributeMask.Ctime;

    private const AttributeMask OwnerMask = AttributeMask.Mode | AttributeMask.Uid | AttributeMask.Gid;

    /// <inheritdoc />
    public ValueTask<FsResult<Node>> GetAttributesAsync(InodeId inode, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        var session = _context.Sessions.Current;
        lock (known.Sync)
        {
            if (known.CanTell(session))
            {
                known.IsForgotten = false;
                var ttl = known.Ttl(session, _context.Options.AttributesTtlMax);
                var node = new Node(known.Visible, ttl, ttl);
                known.Unpin();
                _context.Instruments.AttributeHits.Add(1);
                return new(node);
            }
        }

        _context.Instruments.AttributeMisses.Add(1);
        return RefreshAndUnpinAsync(known, cancellationToken);
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<Node>> SetAttributesAsync(
        InodeId inode, AttributesChange change, Caller caller, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        try
        {
            if ((change.Mask & AttributeMask.Size) != 0)
            {
                var error = await TruncateAsync(known, change, caller, cancellationToken);
                return error == FsError.None ? _leases.ToNode(known, TimeSpan.Zero) : error;
            }

            if (TrySetLocally(known, change)) return _leases.ToNode(known, TimeSpan.Zero);
            var sent = await SendAttributesAsync(known, change, caller, cancellationToken);
            return sent == FsError.None ? _leases.ToNode(known, TimeSpan.Zero) : sent;
        }
        finally
        {
            known.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<ReadOnlyMemory<byte>>> ReadLinkAsync(
        InodeId inode, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        try
        {
            var reply = await _context.Caller.QueryAsync(
                _leases.File(known), static (grain, session) => grain.ReadLinkAsync(session), cancellationToken);
            return reply.IsError ? reply.Error : new ReadOnlyMemory<byte>(reply.Value);
        }
        finally
        {
            known.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<FileSystemSpace>> GetSpaceAsync(CancellationToken cancellationToken)
    {
        var space = await _context.Blocks.GetSpaceAsync(cancellationToken);
        if (space.IsError) return space.Error;
        var statistics = await _context.Caller.QueryAsync(
            _context.Dependencies.Grains.GetGrain<IFileSystemGrain>(0), static (grain, _) => grain.GetStatisticsAsync(),
            cancellationToken);
        if (statistics.IsError) return statistics.Error;

        // Space reserved for this client's own writers counts as free: they may use it.
        var (total, used, reserved) = (space.Value.CapacityBytes, space.Value.UsedBytes, space.Value.ReservedBytes);
        var free = Math.Max(0, total - used - reserved + _context.Space.AvailableBytes);
        return new FileSystemSpace(
            (ulong)total, (ulong)free, InodeId.CounterMax, InodeId.CounterMax - statistics.Value.Inodes);
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<ReadOnlyMemory<byte>>> GetXattrAsync(
        InodeId inode, FsName name, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        try
        {
            var error = XattrNames.Check(name);
            if (error != FsError.None) return error;
            if (HasNoXattrs(known)) return FsError.ENODATA;
            var reply = await _context.Caller.QueryAsync(
                (Grain: _leases.Operations(known), Name: name),
                static (ask, session) => ask.Grain.GetXattrAsync(session, ask.Name), cancellationToken);
            if (!reply.IsError) return new ReadOnlyMemory<byte>(reply.Value);

            // Programs ask every file for names it does not have: an empty list answers them all.
            if (reply.Error == FsError.ENODATA) await ListNamesAsync(known, cancellationToken);
            return reply.Error;
        }
        finally
        {
            known.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<ReadOnlyMemory<byte>>> ListXattrAsync(
        InodeId inode, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        try
        {
            if (HasNoXattrs(known)) return ReadOnlyMemory<byte>.Empty;
            return await ListNamesAsync(known, cancellationToken);
        }
        finally
        {
            known.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<Nothing>> SetXattrAsync(
        InodeId inode, FsName name, ReadOnlyMemory<byte> value, XattrMode mode, Caller caller,
        CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        try
        {
            var ticket = BeginChange(known);
            var reply = await _context.Caller.MutateAsync(
                inode, caller, Ack,
                (Grain: _leases.Operations(known), Name: name, Value: value.ToArray(), Mode: mode),
                static (ask, op) => ask.Grain.SetXattrAsync(op, ask.Name, ask.Value, ask.Mode), cancellationToken);
            lock (known.Sync) known.HasNoXattrs = false;
            EndChange(known, ticket);
            return reply;
        }
        finally
        {
            known.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<Nothing>> RemoveXattrAsync(
        InodeId inode, FsName name, Caller caller, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        try
        {
            var ticket = BeginChange(known);
            var reply = await _context.Caller.MutateAsync(
                inode, caller, Ack, (Grain: _leases.Operations(known), Name: name),
                static (ask, op) => ask.Grain.RemoveXattrAsync(op, ask.Name), cancellationToken);
            EndChange(known, ticket);
            return reply;
        }
        finally
        {
            known.Unpin();
        }
    }

    private async ValueTask<FsResult<Node>> RefreshAndUnpinAsync(CachedInode inode, CancellationToken cancellationToken)
    {
        try
        {
            var refreshed = await _leases.RefreshAsync(inode, cancellationToken);
            if (refreshed.IsError) return refreshed.Error;
            bool isWrittenElsewhere;
            lock (inode.Sync) isWrittenElsewhere = inode.Mode == LeaseMode.None && inode.Server.IsRegular;
            if (!isWrittenElsewhere) return _leases.ToNode(inode, TimeSpan.Zero);

            // No lease came with them: another client writes, and has size and times that the grain does not know yet.
            var error = await _leases.AcquireAsync(inode, LeaseMode.Read, cancellationToken);
            return error is FsError.None or FsError.EROFS ? _leases.ToNode(inode, TimeSpan.Zero) : error;
        }
        finally
        {
            inode.Unpin();
        }
    }

    // Under the write lease what sets times, or an owner to what it is, waits for the flush; so does the mode of a file
    // that
    // is open: whoever unpacks an archive sets it before the close. Of a file that is not, a new mode is committed at
    // once.
    private bool TrySetLocally(CachedInode inode, in AttributesChange change)
    {
        const AttributeMask allowed = TimesMask | OwnerMask | AttributeMask.KillPrivileges;
        const uint setIds = FileMode.SetUid | FileMode.SetGid;
        lock (inode.Sync)
        {
            if ((change.Mask & ~allowed) != 0) return false;
            var session = _context.Sessions.Current;
            if (!inode.Holds(LeaseMode.Write, session) || !inode.CanAnswer(session)) return false;
            var now = inode.Visible;
            if (!now.IsRegular) return false;
            if ((change.Mask & AttributeMask.Uid) != 0 && change.Uid != now.Uid) return false;
            if ((change.Mask & AttributeMask.Gid) != 0 && change.Gid != now.Gid) return false;
            var mayKill = (change.Mask & (AttributeMask.Uid | AttributeMask.Gid | AttributeMask.KillPrivileges)) != 0;
            var mode = (change.Mask & AttributeMask.Mode) != 0 ? change.Mode : now.Mode;
            if (mayKill && ((now.Mode | mode) & setIds) != 0) return false;
            if (inode.OpenCount == 0 && ((mode ^ now.Mode) & FileMode.PermissionMask) != 0) return false;

            var content = _context.ContentOf(inode);
            if (content.IsExclusive) return false;
            content.NoteLocal(change, _context.Sessions.Clock.After(now.Ctime));
            _context.NoteDirt(inode, content);
            return true;
        }
    }

    private async ValueTask<FsError> SendAttributesAsync(
        CachedInode inode, AttributesChange change, Caller caller, CancellationToken cancellationToken)
    {
        bool hadWrites;
        lock (inode.Sync) hadWrites = inode.Content is { Buffer.IsEmpty: false };
        change = WithLocal(inode, change);
        var ticket = BeginChange(inode);
        var reply = await _context.Caller.MutateAsync(
            inode.Id, caller, Ack, (Grain: _leases.Operations(inode), Change: change),
            static (ask, op) => ask.Grain.SetAttributesAsync(op, ask.Change), cancellationToken);
        EndChange(inode, ticket, reply.IsError ? null : reply.Value);
        if (reply.IsError) return reply.Error;
        lock (inode.Sync)
        {
            // Writes that were buffered came before, and must not undo it when they are flushed: also those whose
            // flush the grain took after this change, although its answer was here first.
            if (inode.Content is not { } content || (!hadWrites && content.Buffer.IsEmpty)) return FsError.None;
            content.NoteSet(change);
            _context.NoteDirt(inode, content);
        }

        return FsError.None;
    }

    // Mode and times set locally before go along, unless the change sets them itself.
    private static AttributesChange WithLocal(CachedInode inode, AttributesChange change)
    {
        lock (inode.Sync)
        {
            if (inode.Content is not { } content || content.Also.Mask == AttributeMask.None) return change;
            var also = content.TakeAlso();
            var setsAtime = (change.Mask & (AttributeMask.Atime | AttributeMask.AtimeNow)) != 0;
            var setsMtime = (change.Mask & (AttributeMask.Mtime | AttributeMask.MtimeNow | AttributeMask.Size)) != 0;
            var setsMode = (change.Mask & AttributeMask.Mode) != 0;
            if (!setsMode && (also.Mask & AttributeMask.Mode) != 0)
            {
                // A mode that was set before this change is one that the change takes the set-id bits from.
                const AttributeMask kills = OwnerMask | AttributeMask.KillPrivileges;
                var isKilled = (change.Mask & kills) != AttributeMask.None;
                var mode = isKilled ? FileContent.WithoutPrivileges(also.Mode) : also.Mode;
                change = change with { Mask = change.Mask | AttributeMask.Mode, Mode = mode };
            }

            if (!setsAtime && (also.Mask & AttributeMask.Atime) != 0)
            {
                change = change with { Mask = change.Mask | AttributeMask.Atime, Atime = also.Atime };
            }

            if (!setsMtime && (also.Mask & AttributeMask.Mtime) != 0)
            {
                change = change with { Mask = change.Mask | AttributeMask.Mtime, Mtime = also.Mtime };
            }

            return change;
        }
    }

    private bool HasNoXattrs(CachedInode inode)
    {
        lock (inode.Sync) return inode.HasNoXattrs && inode.Holds(LeaseMode.Read, _context.Sessions.Current);
    }

    private async ValueTask<FsResult<ReadOnlyMemory<byte>>> ListNamesAsync(
        CachedInode inode, CancellationToken cancellationToken)
    {
        var ticket = _leases.Begin(inode);
        var reply = await _context.Caller.QueryAsync(
            _leases.Operations(inode), static (grain, session) => grain.ListXattrAsync(session), cancellationToken);
        if (reply.IsError) return reply.Error;
        lock (inode.Sync)
        {
            // The list carries no lease: it is good only if one was held all the time.
            var isSure = inode.ChangedAt <= ticket.Fence && inode.IsStillHeld(ticket.Lease, ticket.Session);
            if (isSure && reply.Value.IsEmpty) inode.HasNoXattrs = true;
        }

        var bytes = new List<byte>();
        foreach (var name in reply.Value)
        {
            bytes.AddRange(name.Bytes);
            bytes.Add(0);
        }

        return new ReadOnlyMemory<byte>([.. bytes]);
    }
}
