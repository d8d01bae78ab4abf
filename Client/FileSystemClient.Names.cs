using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

// Names: lookup and what changes directories.
public sealed partial class FileSystemClient
{
    private const int OpenExclusive = 0x80;

    /// <inheritdoc />
    public ValueTask<FsResult<Node>> LookupAsync(InodeId parent, FsName name, CancellationToken cancellationToken)
    {
        var directory = Pin(parent);
        if (TryLookup(directory, name, out var node))
        {
            directory.Unpin();
            _context.Instruments.EntryHits.Add(1);
            return new(node);
        }

        _context.Instruments.EntryMisses.Add(1);
        return AskForAsync(directory, name, cancellationToken);
    }

    /// <inheritdoc />
    public void Forget(InodeId inode) => _upkeep.Forget(inode);

    /// <inheritdoc />
    public async ValueTask<FsResult<Node>> MakeAsync(
        InodeId parent, FsName name, uint mode, uint rdev, ReadOnlyMemory<byte> target, Caller caller,
        CancellationToken cancellationToken)
    {
        var request = new MakeRequest(mode, rdev, FileMode.IsSymlink(mode) ? target.ToArray() : null);
        var directory = Pin(parent);
        try
        {
            var made = await MakePinnedAsync(directory, name, request, caller, cancellationToken);
            if (made.IsError) return made.Error;
            var node = ToNode(directory, name, made.Value);
            made.Value.Unpin();
            return node;
        }
        finally
        {
            directory.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<(Node Node, OpenedFile File)>> CreateAsync(
        InodeId parent, FsName name, uint mode, int openFlags, Caller caller, CancellationToken cancellationToken)
    {
        const int attemptsMax = 8;
        var request = new MakeRequest((mode & FileMode.PermissionMask) | FileMode.Regular, 0, null);
        var directory = Pin(parent);
        try
        {
            for (var attempt = 0; attempt < attemptsMax; attempt++)
            {
                var made = await MakePinnedAsync(directory, name, request, caller, cancellationToken);
                if (!made.IsError)
                {
                    var file = AddHandle(made.Value, openFlags);
                    return (ToNode(directory, name, made.Value), new OpenedFile(file.Id, KeepCache: false));
                }

                if (made.Error != FsError.EEXIST || (openFlags & OpenExclusive) != 0) return made.Error;
                var found = await LookupAsync(parent, name, cancellationToken);
                if (found.IsError) return found.Error;
                if (found.Value.Attributes.Inode.IsNone) continue;
                if (!found.Value.Attributes.IsRegular) return FsError.EEXIST;
                var opened = await OpenAsync(found.Value.Attributes.Inode, openFlags, caller, cancellationToken);
                if (opened.IsError) return opened.Error;
                var attributes = await GetAttributesAsync(found.Value.Attributes.Inode, cancellationToken);
                return (attributes.IsError ? found.Value : attributes.Value, opened.Value);
            }

            return FsError.EEXIST;
        }
        finally
        {
            directory.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<Node>> LinkAsync(
        InodeId target, InodeId newParent, FsName newName, Caller caller, CancellationToken cancellationToken)
    {
        var directory = Pin(newParent);
        var inode = _context.Nodes.Get(target);
        try
        {
            var (ticket, own) = (BeginChange(directory, newName), BeginChange(inode));
            var reply = await _context.Caller.MutateAsync(
                newParent, caller, Ack, (Grain: _leases.Directory(directory), Name: newName, Target: target),
                static (ask, op) => ask.Grain.LinkAsync(op, ask.Name, ask.Target), cancellationToken);
            EndChange(directory, newName, reply.IsError ? null : target, ticket, reply.Value.EntriesLease);
            EndChange(inode, own, reply.IsError ? null : new(reply.Value.Attributes, reply.Value.InodeLease));
            if (reply.IsError) return reply.Error;
            return ToNode(directory, newName, inode);
        }
        finally
        {
            inode.Unpin();
            directory.Unpin();
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> UnlinkAsync(
        InodeId parent, FsName name, Caller caller, CancellationToken cancellationToken) =>
        RemoveAsync(parent, name, isDirectory: false, caller, cancellationToken);

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> RemoveDirectoryAsync(
        InodeId parent, FsName name, Caller caller, CancellationToken cancellationToken) =>
        RemoveAsync(parent, name, isDirectory: true, caller, cancellationToken);

    /// <inheritdoc />
    public async ValueTask<FsResult<Nothing>> RenameAsync(
        InodeId parent, FsName name, InodeId newParent, FsName newName, RenameFlags flags, Caller caller,
        CancellationToken cancellationToken)
    {
        var from = Pin(parent);
        var to = _context.Nodes.Get(newParent);
        try
        {
            var (left, entered) = (BeginChange(from, name), BeginChange(to, newName));
            var reply = await _context.Caller.MutateAsync(
                parent, caller, Ack,
                (Grain: _leases.Directory(from), Name: name, NewParent: newParent, NewName: newName, Flags: flags),
                static (ask, op) => ask.Grain.RenameAsync(op, ask.Name, ask.NewParent, ask.NewName, ask.Flags),
                cancellationToken);
            var isExchange = (flags & RenameFlags.Exchange) != 0;
            // Two names of one file: the silo did nothing, and both stay.
            var isSame = !reply.IsError && reply.Value.Replaced.Inode == reply.Value.Moved.Inode;
            InodeId? stays = reply.IsError ? null : isExchange || isSame ? reply.Value.Replaced.Inode : InodeId.None;
            EndChange(from, name, stays, left);
            EndChange(to, newName, reply.IsError ? null : reply.Value.Moved.Inode, entered);
            if (reply.IsError) return reply.Error;

            LearnMoved(reply.Value.Moved, left);
            if (isExchange) LearnMoved(reply.Value.Replaced.Attributes, left);
            else if (!isSame) OnRemoved(reply.Value.Replaced, entered);
            return Nothing.Value;
        }
        finally
        {
            to.Unpin();
            from.Unpin();
        }
    }

    private async ValueTask<FsResult<Nothing>> RemoveAsync(
        InodeId parent, FsName name, bool isDirectory, Caller caller, CancellationToken cancellationToken)
    {
        var directory = Pin(parent);
        try
        {
            var ticket = BeginChange(directory, name);
            var reply = await _context.Caller.MutateAsync(
                parent, caller, Ack,
                (Grain: _leases.Directory(directory), Name: name, IsDirectory: isDirectory),
                static (ask, op) => ask.IsDirectory
                    ? ask.Grain.RemoveDirectoryAsync(op, ask.Name)
                    : ask.Grain.UnlinkAsync(op, ask.Name),
                cancellationToken);
            EndChange(directory, name, reply.IsError ? null : InodeId.None, ticket);
            if (reply.IsError) return reply.Error;
            OnRemoved(reply.Value, ticket);
            return Nothing.Value;
        }
        finally
        {
            directory.Unpin();
        }
    }

    private bool TryLookup(CachedInode directory, FsName name, out Node node)
    {
        node = default;
        var session = _context.Sessions.Current;
        InodeId child;
        TimeSpan ttl;
        lock (directory.Sync)
        {
            if (!directory.Holds(LeaseMode.Read, session)) return false;
            if (directory.Entries is null || !directory.Entries.TryGetValue(name, out child)) return false;
            ttl = directory.Ttl(session, _context.Options.AttributesTtlMax);
        }

        if (child.IsNone)
        {
            node = new Node(default, ttl, TimeSpan.Zero);
            return true;
        }

        if (_context.Nodes.Find(child) is not { } inode) return false;
        lock (inode.Sync)
        {
            var canTell = inode.CanTell(session);
            if (canTell) node = new Node(inode.Visible, ttl, inode.Ttl(session, _context.Options.AttributesTtlMax));
            inode.IsForgotten = false;
            inode.Unpin();
            return canTell;
        }
    }

    // The caller's pin on the directory is taken.
    private async ValueTask<FsResult<Node>> AskForAsync(
        CachedInode directory, FsName name, CancellationToken cancellationToken)
    {
        try
        {
            var ticket = _leases.Begin(directory);
            var reply = await _context.Caller.QueryAsync(
                (Grain: _leases.Directory(directory), Name: name),
                static (ask, session) => ask.Grain.LookupAsync(session, ask.Name), cancellationToken);
            if (reply.IsError) return reply.Error;
            var found = reply.Value.Attributes.Inode;
            if (found.IsNone)
            {
                var ttl = LearnName(directory, name, found, reply.Value.EntriesLease, ticket);
                return new Node(default, ttl, TimeSpan.Zero);
            }

            var inode = _context.Nodes.Get(found);
            _leases.Learn(inode, reply.Value.Attributes, reply.Value.InodeLease, ticket with { Lease = 0 });
            var entryTtl = LearnName(directory, name, found, reply.Value.EntriesLease, ticket);
            var node = _leases.ToNode(inode, entryTtl);
            inode.Unpin();
            return node;
        }
        finally
        {
            directory.Unpin();
        }
    }

    // How long a front end may keep the name: not at all when it is not remembered here, to be recalled.
    private TimeSpan LearnName(CachedInode directory, FsName name, InodeId child, LeaseGrant lease, in Ticket ticket)
    {
        var session = _context.Sessions.Current;
        lock (directory.Sync)
        {
            if (!_leases.Accept(directory, lease, ticket) || directory.ChangedAt > ticket.Fence) return TimeSpan.Zero;
            return directory.Remember(name, child)
                ? directory.Ttl(session, _context.Options.AttributesTtlMax)
                : TimeSpan.Zero;
        }
    }

    private async ValueTask<FsResult<CachedInode>> MakePinnedAsync(
        CachedInode directory, FsName name, MakeRequest request, Caller caller, CancellationToken cancellationToken)
    {
        var ticket = BeginChange(directory, name);
        var reply = await _context.Caller.MutateAsync(
            directory.Id, caller, Ack, (Grain: _leases.Directory(directory), Name: name, Request: request),
            static (ask, op) => ask.Grain.MakeAsync(op, ask.Name, ask.Request), cancellationToken);
        InodeId? child = reply.IsError ? null : reply.Value.Attributes.Inode;
        EndChange(directory, name, child, ticket, reply.Value.EntriesLease);
        if (reply.IsError) return reply.Error;

        var inode = _context.Nodes.Get(reply.Value.Attributes.Inode);
        lock (inode.Sync)
        {
            // Nobody knew it before: what it was made with holds if its lease does.
            var attributes = reply.Value.Attributes;
            var isKept = _leases.Learn(inode, attributes, reply.Value.InodeLease, ticket with { Lease = 0 });
            if (!isKept || inode.Server.ChangeCounter != attributes.ChangeCounter) return inode;
            inode.HasNoXattrs = true;
            if (FileMode.IsRegular(request.Mode)) _context.ContentOf(inode).Map.SetEmpty();
        }

        return inode;
    }

    private void LearnMoved(in InodeAttributes attributes, in Ticket ticket)
    {
        if (attributes.Inode.IsNone || _context.Nodes.Find(attributes.Inode) is not { } inode) return;
        _leases.Learn(inode, attributes, LeaseGrant.None, ticket with { Lease = 0 });
        inode.Unpin();
    }

    private Ticket BeginChange(CachedInode inode)
    {
        lock (inode.Sync)
        {
            inode.ChangesUnderWay++;
            inode.MarkChanged(_context.Nodes.MoveFence(), isStale: false);
            return _leases.Begin(inode);
        }
    }

    private Ticket BeginChange(CachedInode directory, FsName name)
    {
        lock (directory.Sync)
        {
            directory.BeginName(name);
            return BeginChange(directory);
        }
    }

    // Null: the change was refused, or nobody knows.
    private void EndChange(
        CachedInode directory, FsName name, InodeId? child, in Ticket ticket, LeaseGrant lease = default)
    {
        lock (directory.Sync)
        {
            directory.ChangesUnderWay--;
            var isKept = _leases.Accept(directory, lease, ticket);
            var fence = _context.Nodes.MoveFence();
            if (child is null) directory.Doubt(fence);
            else directory.MarkChanged(fence, isStale: true);
            if (!directory.EndName(name) || child is null || !isKept) directory.Forget(name);
            else if (!directory.Remember(name, child.Value)) directory.Forget(name);
        }
    }

    // Null: as above. What the answer tells is learnt before the end is marked: only another change makes it old.
    private void EndChange(CachedInode inode, in Ticket ticket, AttributesReply? reply = null)
    {
        lock (inode.Sync)
        {
            inode.ChangesUnderWay--;
            if (reply is { } known) _leases.Learn(inode, known.Attributes, known.Lease, ticket);
            var isLatest = reply is not null && inode.ChangedAt <= ticket.Fence;
            var fence = _context.Nodes.MoveFence();
            if (reply is null) inode.Doubt(fence);
            else inode.MarkChanged(fence, isStale: !isLatest);
        }
    }

    private Node ToNode(CachedInode directory, FsName name, CachedInode inode)
    {
        var session = _context.Sessions.Current;
        TimeSpan ttl;
        lock (directory.Sync)
        {
            // A name that is not remembered could not be recalled from a front end.
            var isRemembered = directory.Entries is not null && directory.Entries.ContainsKey(name);
            ttl = isRemembered ? directory.Ttl(session, _context.Options.AttributesTtlMax) : TimeSpan.Zero;
        }

        return _leases.ToNode(inode, ttl);
    }

    private void OnRemoved(in RemovedReply removed, in Ticket ticket)
    {
        if (removed.Inode.IsNone) return;
        var inode = _context.Nodes.Get(removed.Inode);
        bool isForgettable;
        lock (inode.Sync)
        {
            if (!removed.Attributes.Inode.IsNone) inode.Learn(removed.Attributes, ticket.Fence);
            inode.MarkChanged(_context.Nodes.MoveFence(), isStale: true);
            inode.IsOrphan |= removed.IsOrphan;
            isForgettable = removed.IsOrphan && inode.OpenCount == 0;
        }

        if (isForgettable)
        {
            _flusher.Discard(inode);
            LeaveOrphan(inode);
        }

        inode.Unpin();
    }
}
