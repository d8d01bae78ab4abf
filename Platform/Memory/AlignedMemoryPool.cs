using System.Numerics;
using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Memory;

/// <summary>
/// Rents page-aligned native buffers whose sizes are powers of two, and keeps up to
/// <see cref="Limits.AlignedPoolBytesMax"/> of them. Thread-safe. Disposed, it frees what it keeps; what is rented then
/// is freed when it is returned.
/// </summary>
public sealed class AlignedMemoryPool : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Stack<AlignedMemory>[] _bySizeLog2 = new Stack<AlignedMemory>[MaxLog2 + 1];
    private long _keptBytes;
    private bool _isDisposed;

    private static int MaxLog2 => BitOperations.Log2(Limits.AlignedPoolBufferBytesMax);

    /// <summary>Buffers for everybody who has no reason to keep his own.</summary>
    public static AlignedMemoryPool Shared { get; } = new();

    /// <summary>Creates an empty pool.</summary>
    public AlignedMemoryPool()
    {
        for (var i = 0; i < _bySizeLog2.Length; i++) _bySizeLog2[i] = new Stack<AlignedMemory>();
    }

    /// <summary>Bytes kept for reuse.</summary>
    public long KeptBytes
    {
        get { lock (_gate) return _keptBytes; }
    }

    /// <summary>
    /// A buffer of at least <paramref name="bytesMin"/> and of unspecified content; the caller disposes it.
    /// </summary>
    public AlignedMemory Rent(int bytesMin)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesMin);
        if (bytesMin > Limits.AlignedPoolBufferBytesMax) return AlignedMemory.Allocate(bytesMin);

        var bytes = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytesMin, Limits.DeviceBlockBytes));
        AlignedMemory? memory;
        lock (_gate)
        {
            if (_bySizeLog2[BitOperations.Log2((uint)bytes)].TryPop(out memory)) _keptBytes -= bytes;
        }

        memory ??= new AlignedMemory(bytes, this);
        memory.Rent();
        return memory;
    }

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            foreach (var stack in _bySizeLog2)
            {
                while (stack.TryPop(out var memory)) memory.Free();
            }

            _keptBytes = 0;
        }
    }

    internal bool TryReturn(AlignedMemory memory)
    {
        lock (_gate)
        {
            if (_isDisposed || _keptBytes + memory.CapacityBytes > Limits.AlignedPoolBytesMax) return false;
            _keptBytes += memory.CapacityBytes;
            _bySizeLog2[BitOperations.Log2((uint)memory.CapacityBytes)].Push(memory);
            return true;
        }
    }
}
