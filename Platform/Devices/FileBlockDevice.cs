using System.Runtime.InteropServices;
using ClaudeFs.Platform.Interop;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;
using Microsoft.Win32.SafeHandles;

namespace ClaudeFs.Platform.Devices;

/// <summary>
/// A file as device: opened O_DIRECT where the file system allows it, preallocated and written with zeros before use,
/// so that later writes change no metadata of the file and a flush costs one barrier.
/// </summary>
/// <remarks>
/// Transfers have no order among each other; growth is one at a time, the caller's duty. A flush runs on the caller's
/// thread and blocks it for as long as the disk takes. Both descriptors share the file's pages, and the kernel keeps
/// what goes through them and what passes them by in step, also for what a flush has to wait for and to report.
/// </remarks>
public sealed class FileBlockDevice : IBlockDevice
{
    private const uint OwnerOnly = 0x180;   // 0600

    private readonly SafeFileHandle _handle;
    private readonly SafeFileHandle? _behind;   // without O_DIRECT; null when nothing is written behind
    private readonly FileBlockDeviceOptions _options;
    private readonly bool _isView;
    private long _sizeBytes;
    private int _inlineTransfers;
    private readonly FileBlockDevice? _owner;

    private FileBlockDevice(
        string path, SafeFileHandle handle, SafeFileHandle? behind, FileBlockDeviceOptions options, bool isDirect)
    {
        Name = path;
        IsDirect = isDirect;
        (_handle, _behind) = (handle, behind);
        _options = options;
        _sizeBytes = RandomAccess.GetLength(handle) / BlockBytes * BlockBytes;
        Inline = new FileBlockDevice(this);
    }

    private FileBlockDevice(FileBlockDevice owner)
    {
        Name = owner.Name;
        IsDirect = owner.IsDirect;
        _handle = owner._handle;
        _options = new FileBlockDeviceOptions { InlineBytesMax = int.MaxValue, ReadOnly = owner._options.ReadOnly };
        _owner = owner;
        _isView = true;
        Inline = this;
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <summary>Whether transfers bypass the page cache; false where the file system refused O_DIRECT.</summary>
    public bool IsDirect { get; }

    /// <inheritdoc />
    public long SizeBytes => _owner?.SizeBytes ?? Volatile.Read(ref _sizeBytes);

    /// <inheritdoc />
    public int BlockBytes => Limits.DeviceBlockBytes;

    /// <summary>
    /// The same device with all transfers on the caller's thread: for a loop that has nothing else to do meanwhile,
    /// such as the committer. Disposing it does nothing.
    /// </summary>
    public FileBlockDevice Inline { get; }

    /// <summary>
    /// Opens a file. Throws <see cref="FsException"/> with the errno of open(2). The caller disposes the device.
    /// </summary>
    public static FileBlockDevice Open(string path, FileBlockDeviceOptions? options = null)
    {
        options ??= new FileBlockDeviceOptions();
        var flags = (options.ReadOnly ? Libc.ReadOnly : Libc.ReadWrite) | Libc.CloseOnExec
            | (options.Create ? Libc.Create : 0);
        var isDirect = options.Direct;
        var descriptor = Libc.Open(path, flags | (isDirect ? Libc.Direct : 0), OwnerOnly);
        if (descriptor < 0 && isDirect && Marshal.GetLastPInvokeError() == (int)FsError.EINVAL)
        {
            isDirect = false;
            descriptor = Libc.Open(path, flags, OwnerOnly);
        }

        if (descriptor < 0) throw OpenFault(path);
        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (options.ReadOnly || options.WriteBehindBytesMax == 0) return new(path, handle, null, options, isDirect);
        var behind = Libc.Open(path, Libc.ReadWrite | Libc.CloseOnExec, 0);
        if (behind < 0)
        {
            var fault = OpenFault(path);
            handle.Dispose();
            throw fault;
        }

        return new(path, handle, new SafeFileHandle(behind, ownsHandle: true), options, isDirect);
    }

    /// <summary>Takes over the length of a file that somebody else has grown or cut.</summary>
    public void RefreshSize()
    {
        Invariant.That(!_isView && _options.ReadOnly);
        Volatile.Write(ref _sizeBytes, RandomAccess.GetLength(_handle) / BlockBytes * BlockBytes);
    }

    /// <inheritdoc />
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        Check(offset, destination.Length, SizeBytes);
        if (!TryBeginInline(destination.Length)) return ReadPooledAsync(offset, destination, cancellationToken);
        try
        {
            FinishRead(RandomAccess.Read(_handle, destination.Span, offset), offset, destination.Length);
            return ValueTask.CompletedTask;
        }
        catch (FsException fault)
        {
            return ValueTask.FromException(fault);
        }
        catch (IOException fault)
        {
            return ValueTask.FromException(Fault("read", offset, destination.Length, fault));
        }
        finally
        {
            EndInline();
        }
    }

    /// <inheritdoc />
    public ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Check(offset, source.Length, SizeBytes);
        if (_options.ReadOnly)
        {
            return ValueTask.FromException(new FsException(FsError.EROFS, $"{Name}: opened read-only"));
        }

        return WriteUncheckedAsync(offset, source, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        var added = false;
        try
        {
            _handle.DangerousAddRef(ref added);
            if (Libc.FdataSync((int)_handle.DangerousGetHandle()) == 0) return ValueTask.CompletedTask;
            var error = Marshal.GetLastPInvokeError();
            return ValueTask.FromException(
                new FsException((FsError)error, $"{Name}: flush: {Marshal.GetPInvokeErrorMessage(error)}"));
        }
        finally
        {
            if (added) _handle.DangerousRelease();
        }
    }

    /// <inheritdoc />
    public async ValueTask GrowAsync(
        long sizeBytes, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        Invariant.That(!_isView && sizeBytes % BlockBytes == 0);
        var offset = SizeBytes;
        if (sizeBytes <= offset) return;

        try
        {
            Allocate(offset, sizeBytes);
            await FillAsync(offset, sizeBytes, progress, cancellationToken);
        }
        catch (FsException)
        {
            // What was allocated in part is given back: who shares the file system needs it.
            Cut(offset);
            throw;
        }

        Volatile.Write(ref _sizeBytes, sizeBytes);
    }

    // Before anything is written: a full disk is found out at once, and the file lies in few pieces.
    private void Allocate(long offset, long sizeBytes)
    {
        if (offset > 0 && _options.SpareBytes > 0)
        {
            var available = FreeSpace.Of(Name).AvailableBytes;
            if (available - (sizeBytes - offset) < _options.SpareBytes)
            {
                throw new FsException(FsError.ENOSPC,
                    $"{Name}: growing from {offset} to {sizeBytes} bytes: the file system has {available} bytes left, "
                    + $"of which {_options.SpareBytes} stay free");
            }
        }

        if (Libc.Fallocate((int)_handle.DangerousGetHandle(), 0, offset, sizeBytes - offset) != 0)
        {
            var error = (FsError)Marshal.GetLastPInvokeError();
            if (error != FsError.EOPNOTSUPP)
            {
                throw new FsException(error, $"{Name}: growing from {offset} to {sizeBytes} bytes: {error}");
            }
        }
    }

    private void Cut(long sizeBytes)
    {
        try
        {
            RandomAccess.SetLength(_handle, sizeBytes);
        }
        catch (IOException fault)
        {
            throw Fault("cut", sizeBytes, 0, fault);
        }
    }

    private async ValueTask FillAsync(
        long offset, long sizeBytes, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        using var zeros = AlignedMemoryPool.Shared.Rent(Limits.DeviceGrowthWriteBytes);
        zeros.GetSpan().Clear();
        while (offset < sizeBytes)
        {
            var length = (int)Math.Min(Limits.DeviceGrowthWriteBytes, sizeBytes - offset);
            await WriteUncheckedAsync(offset, zeros.Memory[..length], cancellationToken);
            offset += length;
            progress?.Report(offset);
        }

        await FlushAsync(cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync()
    {
        if (!_isView) _handle.Dispose();
        _behind?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask ReadPooledAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        try
        {
            var count = await RandomAccess.ReadAsync(_handle, destination, offset, cancellationToken);
            FinishRead(count, offset, destination.Length);
        }
        catch (IOException fault) when (fault is not FsException)
        {
            throw Fault("read", offset, destination.Length, fault);
        }
    }

    private ValueTask WriteUncheckedAsync(long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        if (source.Length <= _options.WriteBehindBytesMax) return WriteBehindAsync(offset, source.Span);
        if (!TryBeginInline(source.Length)) return WritePooledAsync(offset, source, cancellationToken);
        try
        {
            RandomAccess.Write(_handle, source.Span, offset);
            return ValueTask.CompletedTask;
        }
        catch (IOException fault)
        {
            return ValueTask.FromException(Fault("write", offset, source.Length, fault));
        }
        finally
        {
            EndInline();
        }
    }

    // The disk has the bytes in hand when this returns, and takes its time.
    private ValueTask WriteBehindAsync(long offset, ReadOnlySpan<byte> source)
    {
        try
        {
            RandomAccess.Write(_behind!, source, offset);
            if (Libc.SyncFileRange(_behind!, offset, source.Length, Libc.SyncRangeWrite) == 0)
            {
                return ValueTask.CompletedTask;
            }

            var reason = Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
            return ValueTask.FromException(new FsException(
                FsError.EIO, $"{Name}: write of {source.Length} bytes at {offset}: {reason}"));
        }
        catch (IOException fault)
        {
            return ValueTask.FromException(Fault("write", offset, source.Length, fault));
        }
    }

    private bool TryBeginInline(int length) =>
        length <= _options.InlineBytesMax && (_isView || Interlocked.Exchange(ref _inlineTransfers, 1) == 0);

    private void EndInline() => Volatile.Write(ref _inlineTransfers, 0);

    private async ValueTask WritePooledAsync(
        long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken)
    {
        try
        {
            await RandomAccess.WriteAsync(_handle, source, offset, cancellationToken);
        }
        catch (IOException fault)
        {
            throw Fault("write", offset, source.Length, fault);
        }
    }

    private static FsException OpenFault(string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new FsException((FsError)error, $"{path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    private static void Check(long offset, int length, long sizeBytes)
    {
        Invariant.That(offset >= 0 && offset % Limits.DeviceBlockBytes == 0);
        Invariant.That(length > 0 && length % Limits.DeviceBlockBytes == 0 && offset <= sizeBytes - length);
    }

    private void FinishRead(int count, long offset, int length)
    {
        if (count == length) return;
        throw new FsException(FsError.EIO, $"{Name}: read of {length} bytes at {offset} ended after {count}");
    }

    // The runtime keeps the errno in HResult; what it does not map to an IOException of its own arrives so.
    private FsException Fault(string what, long offset, int length, IOException fault)
    {
        var error = fault.HResult switch
        {
            (int)FsError.ENOSPC or unchecked((int)0x80070070) => FsError.ENOSPC,
            _ => FsError.EIO,
        };
        return new FsException(error, $"{Name}: {what} of {length} bytes at {offset}: {fault.Message}", fault);
    }
}
