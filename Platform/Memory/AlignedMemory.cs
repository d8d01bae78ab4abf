using System.Buffers;
using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Memory;

/// <summary>
/// Native memory that begins at a page, as O_DIRECT and the kernel's zero-copy paths want it. Owned by whoever rented
/// or allocated it; disposing it returns it to its pool (or frees it), after which nobody may touch its memory. There
/// is no finalizer (a span may outlive the last reference to its manager): what is not disposed is leaked.
/// </summary>
public sealed unsafe class AlignedMemory : MemoryManager<byte>
{
    private readonly AlignedMemoryPool? _pool;
    private byte* _address;
    private int _isRented;

    internal AlignedMemory(int bytes, AlignedMemoryPool? pool)
    {
        CapacityBytes = bytes;
        _pool = pool;
        _address = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, Limits.DeviceBlockBytes);
    }

    /// <summary>Bytes of the buffer, a multiple of 4096.</summary>
    public int CapacityBytes { get; }

    /// <summary>The memory as raw address; valid until disposal.</summary>
    public byte* Address => _address;

    /// <summary>
    /// Allocates <paramref name="bytes"/>, rounded up to whole pages, of unspecified content, without a pool.
    /// </summary>
    public static AlignedMemory Allocate(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        var memory = new AlignedMemory(RoundUp(bytes), null);
        memory.Rent();
        return memory;
    }

    /// <summary>The least multiple of a page that is at least <paramref name="bytes"/>.</summary>
    public static int RoundUp(int bytes) =>
        checked(bytes + Limits.DeviceBlockBytes - 1) & ~(Limits.DeviceBlockBytes - 1);

    /// <summary>
    /// Whether <paramref name="memory"/> can be handed to a device as it is: native, begins at a page, whole pages
    /// long. Memory on the managed heap never can: it moves.
    /// </summary>
    public static bool IsAligned(ReadOnlyMemory<byte> memory)
    {
        if (memory.Length % Limits.DeviceBlockBytes != 0) return false;
        if (!MemoryMarshal.TryGetMemoryManager<byte, MemoryManager<byte>>(memory, out _, out _, out _)) return false;
        fixed (byte* address = memory.Span) return (nuint)address % Limits.DeviceBlockBytes == 0;
    }

    /// <inheritdoc />
    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_isRented == 0, this);
        return new Span<byte>(_address, CapacityBytes);
    }

    /// <inheritdoc />
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_isRented == 0, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)CapacityBytes);
        return new MemoryHandle(_address + elementIndex);
    }

    /// <inheritdoc />
    public override void Unpin()
    {
    }

    /// <summary>Gives the buffer back, as disposing does; a second time does nothing.</summary>
    public void Return() => ((IDisposable)this).Dispose();

    internal void Rent() => Invariant.That(Interlocked.Exchange(ref _isRented, 1) == 0);

    internal void Free()
    {
        var address = _address;
        _address = null;
        if (address == null) return;
        NativeMemory.AlignedFree(address);
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isRented, 0) == 0) return;   // disposing twice must not return it twice
        if (_pool is null || !_pool.TryReturn(this)) Free();
    }
}
