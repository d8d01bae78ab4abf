using System.Buffers;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

// Truncation, fallocate, lseek for data and holes, copying.
public sealed partial class FileSystemClient
{
    private const AllocateMode AllModes = AllocateMode.KeepSize | AllocateMode.PunchHole | AllocateMode.ZeroRange;
    private const long PageBytes = Limits.LocatedBytes;

    /// <inheritdoc />
    public async ValueTask<FsResult<Nothing>> AllocateAsync(
        InodeId inode, ulong handle, AllocateMode mode, long offset, long length, Caller caller,
        CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle, out var file) || file.Inode.Id != inode) return FsError.EBADF;
        if (offset < 0 || length <= 0) return FsError.EINVAL;
        if ((mode & ~AllModes) != 0) return FsError.EOPNOTSUPP;
        var punches = (mode & AllocateMode.PunchHole) != 0;
        var zeroes = (mode & AllocateMode.ZeroRange) != 0;
        if ((punches && (zeroes || (mode & AllocateMode.KeepSize) == 0))) return FsError.EOPNOTSUPP;
        if ((ulong)offset + (ulong)length > Limits.FileBytesMax) return FsError.EFBIG;

        var known = file.Inode;
        if (punches || zeroes)
        {
            var error = await ZeroEdgesAsync(known, mode, offset, length, cancellationToken);
            if (error != FsError.None) return error;
        }

        var allocated = await AllocateInsideAsync(known, mode, offset, length, caller, cancellationToken);
        return allocated == FsError.None ? Nothing.Value : allocated;
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<long>> SeekAsync(
        InodeId inode, ulong handle, long offset, SeekWhence whence, CancellationToken cancellationToken)
    {
        if (!_files.TryGetValue(handle, out var file) || file.Inode.Id != inode) return FsError.EBADF;
        while (true)
        {
            var error = await _leases.AcquireAsync(file.Inode, LeaseMode.Read, cancellationToken);
            if (error == FsError.EROFS) return SeekInOnePiece(file.Inode, offset, whence);
            if (error != FsError.None) return error;
            FileContent content;
            uint missing;
            lock (file.Inode.Sync)
            {
                if (!file.Inode.CanAnswer(_context.Sessions.Current)) continue;
                content = _context.ContentOf(file.Inode);
                var size = (long)file.Inode.Visible.SizeBytes;
                if (offset < 0 || offset >= size) return FsError.ENXIO;
                var found = Files.DataSeeker.Find(content, offset, size, whence, out missing);
                if (found >= 0 && (found < size || whence == SeekWhence.Hole)) return Math.Min(found, size);
                if (found >= 0) return FsError.ENXIO;
            }

            error = await _maps.LoadAsync(file.Inode, content, missing, Limits.ExtentsPerMapMax);
            if (error is not (FsError.None or FsError.EAGAIN)) return error;
        }
    }

    // What is read without a lease counts as one piece of data: lseek(2) lets a file system know no holes.
    private static FsResult<long> SeekInOnePiece(CachedInode inode, long offset, SeekWhence whence)
    {
        long size;
        lock (inode.Sync) size = (long)inode.Visible.SizeBytes;
        if (offset < 0 || offset >= size) return FsError.ENXIO;
        return whence == SeekWhence.Hole ? size : offset;
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<long>> CopyRangeAsync(
        InodeId source, ulong sourceHandle, long sourceOffset, InodeId target, ulong targetHandle, long targetOffset,
        long length, Caller caller, CancellationToken cancellationToken)
    {
        if (sourceOffset < 0 || targetOffset < 0 || length < 0) return FsError.EINVAL;
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(length, Limits.CopyStepBytes));
        try
        {
            var copied = 0L;
            while (copied < length)
            {
                var step = buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - copied));
                var read = await ReadAsync(source, sourceHandle, sourceOffset + copied, step, cancellationToken);
                if (read.IsError) return copied > 0 ? copied : read.Error;
                if (read.Value == 0) break;
                var written = await WriteAsync(
                    target, targetHandle, targetOffset + copied, step[..read.Value], killPrivileges: caller.Uid != 0,
                    caller, cancellationToken);
                if (written.IsError) return copied > 0 ? copied : written.Error;
                copied += written.Value;

                // The end of the source: where source and target are one file, the copy itself may have moved it.
                if (read.Value < step.Length) break;
            }

            return copied;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<FsError> TruncateAsync(
        CachedInode inode, AttributesChange change, Caller caller, CancellationToken cancellationToken)
    {
        var error = await _leases.AcquireAsync(inode, LeaseMode.Write, cancellationToken);
        if (error == FsError.None && change.SizeBytes > 0) error = await FlushBeforeAsync(inode);
        if (error != FsError.None) return error;
        if (await EnterAloneAsync(inode) is not { } content) return FsError.ETIMEDOUT;
        var hasDropped = false;
        try
        {
            lock (inode.Sync)
            {
                if (!inode.Server.IsRegular) return inode.Server.IsDirectory ? FsError.EISDIR : FsError.EINVAL;
                if (change.SizeBytes > Limits.FileBytesMax) return FsError.EFBIG;
                var held = content.Buffer.HeldBytes;
                var valid = content.Buffer.ValidBytes;
                content.Buffer.Truncate((long)change.SizeBytes);
                hasDropped = content.Buffer.ValidBytes < valid;
                _context.Memory.Change(content.Buffer.HeldBytes - held);
            }

            var ticket = BeginChange(inode);
            var reply = await _context.Caller.MutateAsync(
                inode.Id, caller, Ack, (Grain: _leases.File(inode), Change: WithLocal(inode, change)),
                static (ask, op) => ask.Grain.SetAttributesAsync(op, ask.Change), cancellationToken);
            lock (inode.Sync)
            {
                EndChange(inode, ticket, reply.IsError ? null : reply.Value);
                if (!reply.IsError && inode.IsStillHeld(ticket.Lease, ticket.Session))
                {
                    content.Map.Truncate((long)change.SizeBytes);
                }
                else
                {
                    content.Map.Forget();
                }

                // Cut off for a truncation that did not happen: written bytes that nobody will see.
                if (reply.IsError && hasDropped) content.Fail(FsError.EIO);
                content.NoteClean();
                _context.NoteDirt(inode, content);
            }

            return reply.Error;
        }
        finally
        {
            LeaveAlone(inode, content);
        }
    }

    // What was written before a change of size is in the log before it: a power cut leaves a prefix of what was done.
    private async ValueTask<FsError> FlushBeforeAsync(CachedInode inode)
    {
        lock (inode.Sync)
        {
            if (inode.Content is not { IsDirty: true }) return FsError.None;
        }

        return (await _flusher.FlushWithinAsync(inode, AckMode.Applied, _context.Options.SiloWaitMax)).Error;
    }

    // In the gate, and nobody buffers writes. Null: who is inside waits for a silo that is away.
    private async ValueTask<FileContent?> EnterAloneAsync(CachedInode inode)
    {
        FileContent content;
        lock (inode.Sync) content = _context.ContentOf(inode);
        if (!await content.Gate.TryEnterAsync(_context.Options.SiloWaitMax, _context.Dependencies.Time)) return null;
        lock (inode.Sync) content.IsExclusive = true;
        return content;
    }

    private static void LeaveAlone(CachedInode inode, FileContent content)
    {
        lock (inode.Sync) content.IsExclusive = false;
        content.Gate.Exit();
    }

    // Grains change whole pages only: zeros are written over the parts of pages at both ends, within the file.
    private async ValueTask<FsError> ZeroEdgesAsync(
        CachedInode inode, AllocateMode mode, long offset, long length, CancellationToken cancellationToken)
    {
        var error = await _leases.AcquireAsync(inode, LeaseMode.Write, cancellationToken);
        if (error != FsError.None) return error;
        long size;
        lock (inode.Sync) size = (long)inode.Visible.SizeBytes;
        var end = offset + length;
        var keepsSize = (mode & AllocateMode.KeepSize) != 0;
        var limit = keepsSize ? Math.Min(end, size) : end;
        var firstWhole = (offset + PageBytes - 1) & -PageBytes;
        var lastWhole = end & -PageBytes;
        if (lastWhole < firstWhole) return await WriteZerosAsync(inode, offset, limit, cancellationToken);
        error = await WriteZerosAsync(inode, offset, Math.Min(firstWhole, limit), cancellationToken);
        return error != FsError.None ? error : await WriteZerosAsync(inode, lastWhole, limit, cancellationToken);
    }

    private async ValueTask<FsError> WriteZerosAsync(
        CachedInode inode, long from, long to, CancellationToken cancellationToken)
    {
        if (from >= to) return FsError.None;
        var zeros = new byte[to - from];
        var written = await _writer.WriteAsync(inode, from, zeros, killPrivileges: false, cancellationToken);
        return written.Error;
    }

    private async ValueTask<FsError> AllocateInsideAsync(
        CachedInode inode, AllocateMode mode, long offset, long length, Caller caller,
        CancellationToken cancellationToken)
    {
        var error = await _leases.AcquireAsync(inode, LeaseMode.Write, cancellationToken);
        if (error != FsError.None) return error;
        var (from, to) = (offset, offset + length);
        if ((mode & (AllocateMode.PunchHole | AllocateMode.ZeroRange)) != 0)
        {
            (from, to) = ((from + PageBytes - 1) & -PageBytes, to & -PageBytes);
        }

        if (await EnterAloneAsync(inode) is not { } content) return FsError.ETIMEDOUT;
        try
        {
            error = await StoreAsPiecesAsync(inode, content);
            if (error != FsError.None || to <= from) return error;
            var ticket = BeginChange(inode);
            var reply = await _context.Caller.MutateAsync(
                inode.Id, caller, Ack,
                (Grain: _leases.File(inode), Mode: mode, Offset: (ulong)from, Length: (ulong)(to - from)),
                static (ask, op) => ask.Grain.AllocateAsync(op, ask.Mode, ask.Offset, ask.Length), cancellationToken);
            lock (inode.Sync)
            {
                EndChange(inode, ticket, reply.IsError ? null : reply.Value);
                content.Map.ForgetRange(from, to - from);
                _context.NoteDirt(inode, content);
            }

            return reply.Error;
        }
        finally
        {
            LeaveAlone(inode, content);
        }
    }

    // What is buffered is committed first, and inline content becomes pieces: ranges of pieces are all that a grain can
    // change.
    private async ValueTask<FsError> StoreAsPiecesAsync(CachedInode inode, FileContent content)
    {
        lock (inode.Sync) content.IsInlineAllowed = false;
        try
        {
            var outcome = await _flusher.FlushInsideAsync(inode, content, AckMode.Applied);
            if (outcome.Error != FsError.None) return outcome.Error;
            if (content.Map.IsUnknown)
            {
                var error = await _maps.LoadAsync(inode, content, 0, 1);
                if (error != FsError.None) return error;
            }

            lock (inode.Sync)
            {
                if (content.Map.Inline is not { Length: > 0 } inline) return FsError.None;
                var held = content.Buffer.HeldBytes;
                content.Buffer.WriteUnder(0, inline);
                _context.Memory.Change(content.Buffer.HeldBytes - held);
                content.NoteWrite(inode.Visible.Mtime, killPrivileges: false);
                _context.NoteDirt(inode, content);
            }

            return (await _flusher.FlushInsideAsync(inode, content, AckMode.Applied)).Error;
        }
        finally
        {
            lock (inode.Sync) content.IsInlineAllowed = true;
        }
    }
}
