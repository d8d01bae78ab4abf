using System.Numerics;
using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// Buffers for payloads, in classes of powers of two. Those of a page and more begin at a page, so that a device can be
/// read into and written from them. Free memory is bounded a class; what is over goes to the garbage collector.
/// Thread-safe.
/// </summary>
public sealed class PayloadPool
{
    internal const int PageBytes = 4096;
    private const int SmallestLog2 = 8;
    private const int ClassCount = 24 - SmallestLog2;

    private readonly Stack<PayloadBuffer>[] _free = new Stack<PayloadBuffer>[ClassCount];
    private long _outstandingBytes;

    public PayloadPool()
    {
        for (var i = 0; i < ClassCount; i++) _free[i] = new Stack<PayloadBuffer>();
    }

    /// <summary>The pool of the process.</summary>
    public static PayloadPool Shared { get; } = new();

    /// <summary>Bytes handed out and not yet given back, counted in whole buffers.</summary>
    public long OutstandingBytes => Interlocked.Read(ref _outstandingBytes);

    /// <summary>
    /// A buffer of exactly <paramref name="length"/> bytes, its content undefined. The caller owns it and gives it back
    /// by disposing it.
    /// </summary>
    public PayloadOwner Rent(int length)
    {
        if (length == 0) return default;
        var index = ClassOf(length);
        PayloadBuffer? buffer;
        lock (_free[index]) _free[index].TryPop(out buffer);
        buffer ??= Allocate(index);
        Interlocked.Add(ref _outstandingBytes, buffer.CapacityBytes);
        return new PayloadOwner(buffer, buffer.Version, 0, length);
    }

    internal void Return(PayloadBuffer buffer)
    {
        Interlocked.Add(ref _outstandingBytes, -buffer.CapacityBytes);
        var free = _free[buffer.Class];
        lock (free)
        {
            var bytes = (long)buffer.CapacityBytes * (free.Count + 1);
            if (bytes > Limits.PayloadPoolClassBytesMax || free.Count >= Limits.PayloadPoolClassCountMax) return;
            free.Push(buffer);
        }
    }

    private static int ClassOf(int length)
    {
        var log2 = BitOperations.Log2((uint)Math.Max(length - 1, 1)) + 1;
        var index = Math.Max(log2, SmallestLog2) - SmallestLog2;
        Invariant.That(index < ClassCount);
        return index;
    }

    private PayloadBuffer Allocate(int index)
    {
        var capacity = 1 << (index + SmallestLog2);
        if (capacity < PageBytes) return new PayloadBuffer(this, index, new byte[capacity], 0, capacity);

        var array = GC.AllocateUninitializedArray<byte>(capacity + PageBytes, pinned: true);
        var address = (long)Marshal.UnsafeAddrOfPinnedArrayElement(array, 0);
        return new PayloadBuffer(this, index, array, (int)(-address & (PageBytes - 1)), capacity);
    }
}
