using ClaudeFs.Client.Flushing;
using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Files;

/// <summary>
/// Buffers writes under write _leases. A write that finds lease, room and memory completes at once; else it waits for
/// what
/// is missing and tries again. Thread-safe.
/// </summary>
internal sealed class FileWriter
{
    private const int PressureFiles = 16;

    private readonly ClientContext _context;
    private readonly InodeLeases _leases;
    private readonly Flusher _flusher;
    private readonly QuotaWatch _quotas;
    private readonly Action<object?> _relieve;
    private int _isRelieving;

    public FileWriter(ClientContext context, InodeLeases leases, Flusher flusher, QuotaWatch quotas)
    {
        (_context, _leases, _flusher, _quotas) = (context, leases, flusher, quotas);
        _relieve = _ => _ = FlushLongestAsync();
    }

    private enum Need
    {
        None,
        Lease,
        Gate,
        Space,
        Memory,
        Quota,
        TooBig,
    }

    /// <summary>
    /// Buffers all of <paramref name="source"/>, also <see cref="IFileSystem.AtEnd"/>. Errors: EFBIG, ENOSPC, EDQUOT,
    /// ESTALE, ETIMEDOUT, EINTR (nothing was written).
    /// </summary>
    public ValueTask<FsResult<int>> WriteAsync(
        CachedInode inode, long offset, ReadOnlyMemory<byte> source, bool killPrivileges,
        CancellationToken cancellationToken)
    {
        if (source.IsEmpty) return new(0);
        var need = TryWrite(inode, offset, source.Span, killPrivileges);
        return need == Need.None
            ? new(source.Length)
            : WaitAndWriteAsync(need, inode, offset, source, killPrivileges, cancellationToken);
    }

    /// <summary>Begins to flush the longest dirty files, until memory is no longer tight; nothing when it runs
    /// already.</summary>
    public void Relieve()
    {
        if (Interlocked.Exchange(ref _isRelieving, 1) == 0) _context.Loop.Post(_relieve, null);
    }

    private async ValueTask<FsResult<int>> WaitAndWriteAsync(
        Need need, CachedInode inode, long offset, ReadOnlyMemory<byte> source, bool killPrivileges,
        CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                var error = await MeetAsync(need, inode, offset, source.Length, cancellationToken);
                if (error != FsError.None) return error;
                need = TryWrite(inode, offset, source.Span, killPrivileges);
                if (need == Need.None) return source.Length;
            }
        }
        catch (OperationCanceledException)
        {
            return FsError.EINTR;
        }
    }

    private async ValueTask<FsError> MeetAsync(
        Need need, CachedInode inode, long offset, int length, CancellationToken cancellationToken)
    {
        FileContent content;
        lock (inode.Sync) content = _context.ContentOf(inode);
        switch (need)
        {
            case Need.Lease:
                return await _leases.AcquireAsync(inode, LeaseMode.Write, cancellationToken);
            case Need.Gate:
                var time = _context.Dependencies.Time;
                if (!await content.Gate.TryEnterAsync(_context.Options.SiloWaitMax, time)) return FsError.ETIMEDOUT;
                content.Gate.Exit();
                return FsError.None;
            case Need.Space:
                var error = await _context.Space.EnsureAsync(PageBytes(offset, length), cancellationToken);
                if (error != FsError.ENOSPC || !await _context.Leaving.WaitAsync(cancellationToken)) return error;

                // Files that were removed a moment ago: now the store knows that nobody has them open.
                return await _context.Space.EnsureAsync(PageBytes(offset, length), cancellationToken);
            case Need.Memory:
                Relieve();
                return await WaitForMemoryAsync(cancellationToken);
            case Need.Quota:
                return await _quotas.EnsureAsync(inode, content, PageBytes(offset, length), cancellationToken);
            default:
                return FsError.EFBIG;
        }
    }

    private async ValueTask<FsError> WaitForMemoryAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _context.Memory.WaitAsync(cancellationToken).AsTask().WaitAsync(
                _context.Options.SiloWaitMax, _context.Dependencies.Time, cancellationToken);
            return FsError.None;
        }
        catch (TimeoutException)
        {
            // Nothing can be flushed while the silo is away.
            return FsError.ETIMEDOUT;
        }
    }

    private Need TryWrite(CachedInode inode, long offset, ReadOnlySpan<byte> source, bool killPrivileges)
    {
        if (IsTooBig(offset, source.Length)) return Need.TooBig;
        if (_context.Memory.IsFull) return Need.Memory;
        bool isStreaming;
        lock (inode.Sync)
        {
            if (!inode.Holds(LeaseMode.Write, _context.Sessions.Current) || !inode.HasAttributes) return Need.Lease;
            var content = _context.ContentOf(inode);
            if (content.IsExclusive) return Need.Gate;
            if (offset == IFileSystem.AtEnd) offset = (long)inode.Visible.SizeBytes;
            if (IsTooBig(offset, source.Length)) return Need.TooBig;

            var buffer = content.Buffer;
            var space = (long)buffer.CountNewPages(offset, source.Length) * Limits.LocatedBytes;
            var hasQuota = content.QuotaBytes >= space;
            if (!hasQuota && _context.Dependencies.Time.GetTimestamp() >= content.QuotaFreeUntil) return Need.Quota;
            if (!_context.Space.TryTake(space)) return Need.Space;
            content.ReservedBytes += space;
            if (hasQuota) content.QuotaBytes -= space;

            var held = buffer.HeldBytes;
            var time = _context.Sessions.Clock.After(inode.Visible.Ctime);
            buffer.Write(offset, source);
            _context.Memory.Change(buffer.HeldBytes - held);
            content.NoteWrite(time, killPrivileges);
            _context.NoteDirt(inode, content);
            isStreaming = buffer.CurrentBytes >= _context.Options.StreamFlushBytes && !content.IsFlushPosted;
            content.IsFlushPosted |= isStreaming;
        }

        _context.Instruments.WrittenBytes.Add(source.Length);
        if (isStreaming) Stream(inode);
        else if (_context.Memory.IsTight) Relieve();
        return Need.None;
    }

    private void Stream(CachedInode inode)
    {
        if (inode.TryPin())
        {
            _context.Loop.Post(static state => _ = RunAsync(((FileWriter, CachedInode))state!), (this, inode));
        }

        static async Task RunAsync((FileWriter Writer, CachedInode Inode) state)
        {
            try
            {
                await state.Writer.StreamAsync(state.Inode);
            }
            finally
            {
                state.Inode.Unpin();
            }
        }
    }

    private async ValueTask StreamAsync(CachedInode inode)
    {
        try
        {
            await _flusher.StreamAsync(inode, inode.Content!);
        }
        catch (Exception fault)
        {
            // Nobody waits for a background flush: the data stays and the next flush tells.
            _context.Dependencies.Logger.FlushFailed(fault, inode.Id);
        }
    }

    private async Task FlushLongestAsync()
    {
        try
        {
            while (_context.Memory.IsTight)
            {
                var dirty = _context.Dirty.Pin(PressureFiles);
                if (dirty.Count == 0) return;
                foreach (var inode in dirty)
                {
                    await _flusher.FlushAsync(inode, AckMode.Applied);
                    inode.Unpin();
                }
            }
        }
        catch (Exception fault)
        {
            // As above.
            _context.Dependencies.Logger.FlushFailed(fault, InodeId.None);
        }
        finally
        {
            Volatile.Write(ref _isRelieving, 0);
        }
    }

    private static bool IsTooBig(long offset, int length) =>
        offset < IFileSystem.AtEnd || (ulong)Math.Max(0, offset) + (ulong)length > Limits.FileBytesMax;

    // At the end, wherever that is: one page more covers it.
    private static long PageBytes(long offset, int length)
    {
        const long page = Limits.LocatedBytes;
        return ((offset + length + page - 1) & -page) - (offset & -page);
    }
}
