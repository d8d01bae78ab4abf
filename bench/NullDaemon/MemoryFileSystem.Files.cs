using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.NullDaemon;

/// <summary>Open files and their bytes.</summary>
public partial class MemoryFileSystem
{
    private const int OpenTruncate = 0x200;

    /// <inheritdoc />
    public ValueTask<FsResult<OpenedFile>> OpenAsync(
        InodeId inode, int openFlags, Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return new((FsResult<OpenedFile>)FsError.ESTALE);
            if ((openFlags & OpenTruncate) != 0)
            {
                node.Content.Truncate(0);
                node.Mtime = node.Ctime = Now;
            }

            return new((FsResult<OpenedFile>)new OpenedFile(++_lastHandle, KeepCache: true));
        }
    }

    /// <inheritdoc />
    public virtual ValueTask<FsResult<int>> ReadAsync(
        InodeId inode, ulong handle, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return new((FsResult<int>)(_nodes.TryGetValue(inode.Value, out var node)
                ? node.Content.Read(offset, destination.Span)
                : FsError.ESTALE));
        }
    }

    /// <inheritdoc />
    public virtual ValueTask<FsResult<int>> WriteAsync(
        InodeId inode, ulong handle, long offset, ReadOnlyMemory<byte> source, bool killPrivileges, Caller caller,
        CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return new((FsResult<int>)FsError.ESTALE);
            if (offset == IFileSystem.AtEnd) offset = node.Content.Length;
            if (offset + source.Length > (long)Limits.FileBytesMax) return new((FsResult<int>)FsError.EFBIG);
            if (killPrivileges) KillPrivileges(node);
            node.Content.Write(offset, source.Span);
            node.Mtime = node.Ctime = Now;
            return new((FsResult<int>)source.Length);
        }
    }

    /// <inheritdoc />
    public virtual ValueTask<FsResult<Nothing>> FlushAsync(
        InodeId inode, ulong handle, CancellationToken cancellationToken) => AnswerAsync(FsError.None);

    /// <inheritdoc />
    public virtual ValueTask<FsResult<Nothing>> ReleaseAsync(
        InodeId inode, ulong handle, CancellationToken cancellationToken) => AnswerAsync(FsError.None);

    /// <inheritdoc />
    public virtual ValueTask<FsResult<Nothing>> SyncAsync(
        InodeId inode, bool dataOnly, CancellationToken cancellationToken) => AnswerAsync(FsError.None);

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> AllocateAsync(
        InodeId inode, ulong handle, AllocateMode mode, long offset, long length, Caller caller,
        CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return AnswerAsync(FsError.ESTALE);
            if ((mode & (AllocateMode.PunchHole | AllocateMode.ZeroRange)) != 0) node.Content.Zero(offset, length);
            if ((mode & AllocateMode.KeepSize) == 0) node.Content.Extend(offset + length);
            node.Mtime = node.Ctime = Now;
            return AnswerAsync(FsError.None);
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<long>> SeekAsync(
        InodeId inode, ulong handle, long offset, SeekWhence whence, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(inode.Value, out var node)) return new((FsResult<long>)FsError.ESTALE);
            var found = node.Content.Seek(offset, data: whence == SeekWhence.Data);
            return new((FsResult<long>)(found >= 0 ? found : FsError.ENXIO));
        }
    }

    /// <inheritdoc />
    public ValueTask<FsResult<long>> CopyRangeAsync(
        InodeId source, ulong sourceHandle, long sourceOffset, InodeId target, ulong targetHandle, long targetOffset,
            long length,
        Caller caller, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_nodes.TryGetValue(source.Value, out var from) || !_nodes.TryGetValue(target.Value, out var to))
            {
                return new((FsResult<long>)FsError.ESTALE);
            }

            var buffer = new byte[(int)Math.Clamp(from.Content.Length - sourceOffset, 0, Math.Min(length, 16 << 20))];
            var count = from.Content.Read(sourceOffset, buffer);
            to.Content.Write(targetOffset, buffer.AsSpan(0, count));
            to.Mtime = to.Ctime = Now;
            return new((FsResult<long>)(long)count);
        }
    }
}
