using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

// Open files.
public sealed partial class FileSystemClient
{
    private const int OpenTruncate = 0x200;
    private const int OpenAccessMask = 3;

    /// <inheritdoc />
    public ValueTask<FsResult<OpenedFile>> OpenAsync(
        InodeId inode, int openFlags, Caller caller, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        bool isReady;
        lock (known.Sync) isReady = known.CanAnswer(_context.Sessions.Current) && !known.Server.IsDirectory;
        var truncates = (openFlags & OpenTruncate) != 0 && (openFlags & OpenAccessMask) != 0;
        if (!isReady || truncates) return OpenSlowAsync(known, openFlags, truncates, caller, cancellationToken);

        var file = AddHandle(known, openFlags);
        return new(new OpenedFile(file.Id, KeepCache: true));
    }

    /// <inheritdoc />
    public ValueTask<FsResult<int>> ReadAsync(
        InodeId inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        _context.Instruments.Operations.Add(1);
        return _files.TryGetValue(handle, out var file) && file.Inode.Id == inode
            ? _reader.ReadAsync(file, file.Inode, offset, destination, cancellationToken)
            : new(FsError.EBADF);
    }

    /// <inheritdoc />
    public ValueTask<FsResult<int>> WriteAsync(
        InodeId inode, ulong handle, long offset, ReadOnlyMemory<byte> source, bool killPrivileges, Caller caller,
        CancellationToken cancellationToken)
    {
        _context.Instruments.Operations.Add(1);
        return _files.TryGetValue(handle, out var file) && file.Inode.Id == inode
            ? _writer.WriteAsync(file.Inode, offset, source, killPrivileges, cancellationToken)
            : new(FsError.EBADF);
    }

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> FlushAsync(InodeId inode, ulong handle, CancellationToken cancellationToken)
    {
        _context.Instruments.Operations.Add(1);
        if (!_files.TryGetValue(handle, out var file)) return new(FsError.EBADF);
        bool isDirty;
        lock (file.Inode.Sync) isDirty = file.Inode.Content is { IsDirty: true };
        return isDirty ? FlushSlowAsync(file) : new(Report(file));
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<Nothing>> ReleaseAsync(
        InodeId inode, ulong handle, CancellationToken cancellationToken)
    {
        if (!_files.TryRemove(handle, out var file)) return FsError.EBADF;
        var known = file.Inode;
        try
        {
            bool isLast;
            bool isOrphan;
            lock (known.Sync)
            {
                isLast = --known.OpenCount == 0;
                isOrphan = known.IsOrphan || (known.HasAttributes && known.Server.Nlink == 0);
            }

            if (!isLast) return Nothing.Value;
            if (isOrphan)
            {
                _flusher.Discard(known);
                LeaveOrphan(known);
                return Nothing.Value;
            }

            // What a mapping wrote after the last close.
            await _flusher.FlushWithinAsync(known, AckMode.Applied, _context.Options.SiloWaitMax);
            bool isAwaited;
            lock (known.Sync)
            {
                // The last name may have gone during the flush.
                isAwaited = known.OpenCount == 0 && (known.HasToldOpen || known.IsOrphan);
            }

            if (isAwaited) LeaveOrphan(known);
            return Nothing.Value;
        }
        finally
        {
            known.Unpin();
        }
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<Nothing>> SyncAsync(
        InodeId inode, bool dataOnly, CancellationToken cancellationToken)
    {
        if (inode == InodeId.Root) return await SyncAllAsync(cancellationToken);
        var known = Pin(inode);
        try
        {
            var outcome = await _flusher.FlushWithinAsync(known, AckMode.Commit, _context.Options.SiloWaitMax);
            if (outcome.Error == FsError.ETIMEDOUT) return outcome.Error;
            FsResult<Nothing> synced = Nothing.Value;
            if (!outcome.IsCommitted) synced = await SyncCommittedAsync(known, cancellationToken);

            // Asked last: the silo that answered may be another than the one that took the data.
            var lost = ReportSync(known);
            return lost == FsError.None ? synced : lost;
        }
        finally
        {
            known.Unpin();
        }
    }

    private ValueTask<FsResult<Nothing>> SyncCommittedAsync(CachedInode inode, CancellationToken cancellationToken) =>
        _context.Caller.QueryAsync(
            _leases.Operations(inode), static (grain, session) => grain.SyncAsync(session), cancellationToken);

    // The inode's pin becomes the handle's.
    private FileHandle AddHandle(CachedInode inode, int openFlags)
    {
        var file = new FileHandle(NextHandle(), inode, openFlags);
        lock (inode.Sync)
        {
            inode.OpenCount++;
            file.SeenErrorCount = inode.Content?.ErrorCount ?? 0;
        }

        _files[file.Id] = file;
        return file;
    }

    private async ValueTask<FsResult<OpenedFile>> OpenSlowAsync(
        CachedInode inode, int openFlags, bool truncates, Caller caller, CancellationToken cancellationToken)
    {
        // A lease is what tells the grain that the inode must outlive its last name.
        var error = await _leases.AcquireAsync(
            inode, truncates ? LeaseMode.Write : LeaseMode.Read, cancellationToken);

        // A store that only reads removes nothing.
        if (error == FsError.EROFS && !truncates) error = FsError.None;
        InodeAttributes attributes;
        lock (inode.Sync) attributes = inode.Visible;
        if (error == FsError.None && attributes.IsDirectory) error = FsError.EISDIR;
        if (error == FsError.None && truncates && attributes.IsRegular)
        {
            var mask = AttributeMask.Size | (caller.Uid == 0 ? AttributeMask.None : AttributeMask.KillPrivileges);
            var change = new AttributesChange(mask, 0, 0, 0, 0, default, default, default);
            error = await TruncateAsync(inode, change, caller, cancellationToken);
        }

        if (error != FsError.None)
        {
            inode.Unpin();
            return error;
        }

        return new OpenedFile(AddHandle(inode, openFlags).Id, KeepCache: !truncates);
    }

    private async ValueTask<FsResult<Nothing>> FlushSlowAsync(FileHandle file)
    {
        var outcome = await _flusher.FlushWithinAsync(file.Inode, AckMode.Applied, _context.Options.SiloWaitMax);
        return outcome.Error == FsError.ETIMEDOUT ? outcome.Error : Report(file);
    }

    // A lost write is reported once to each handle.
    private static FsResult<Nothing> Report(FileHandle file)
    {
        lock (file.Inode.Sync)
        {
            var content = file.Inode.Content;
            if (content is null || content.ErrorCount == file.SeenErrorCount) return Nothing.Value;
            file.SeenErrorCount = content.ErrorCount;
            return content.LastError;
        }
    }

    // An fsync comes without its handle: it reports once for the inode, and for the handle where there is only one.
    private FsError ReportSync(CachedInode inode)
    {
        lock (inode.Sync)
        {
            if (inode.Content is not { } content || content.ErrorCount == content.SyncedErrorCount) return FsError.None;
            content.SyncedErrorCount = content.ErrorCount;
            if (inode.OpenCount == 1)
            {
                foreach (var file in _files.Values)
                {
                    if (ReferenceEquals(file.Inode, inode)) file.SeenErrorCount = content.ErrorCount;
                }
            }

            return content.LastError;
        }
    }

    // Nobody here has it open any more: the grain may free it. In the background; a lost word is made good by the
    // session's end.
    private void LeaveOrphan(CachedInode inode)
    {
        if (!inode.TryPin()) return;
        _context.Leaving.Begin();
        _loop.Post(
            static state =>
            {
                var (self, inode) = ((FileSystemClient, CachedInode))state!;
                _ = self.TellForgottenAsync(inode);
            },
            (this, inode));
    }

    private async Task TellForgottenAsync(CachedInode inode)
    {
        try
        {
            // Opened or leased again meanwhile: the grain knows by that.
            lock (inode.Sync)
            {
                if (inode.OpenCount > 0 || (!inode.IsOrphan && inode.LeaseNumber != 0)) return;
            }

            var reply = await _context.Caller.QueryAsync(
                _leases.Operations(inode), static (grain, session) => grain.ForgetOrphanAsync(session),
                CancellationToken.None);
            if (reply.IsError && reply.Error != FsError.ESTALE)
            {
                _context.Dependencies.Logger.LetGoRefused(inode.Id, reply.Error);
            }
        }
        catch (Exception fault)
        {
            // The grain frees it when the session ends.
            _context.Dependencies.Logger.TrimFailed(fault);
        }
        finally
        {
            bool isGone;
            lock (inode.Sync) isGone = inode.IsOrphan && inode.OpenCount == 0;
            if (!isGone || !_context.Nodes.TryRemove(inode)) inode.Unpin();
            _context.Leaving.End();
        }
    }
}
