using System.Buffers;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Platform.Memory;

/// <summary>
/// A large piece of memory that begins at a huge page, stands still, and is freed by the collector when neither it nor
/// its memory is reachable any more: nothing is leaked and nothing used after its end. Slices that are whole pages can
/// be handed to a device as they are.
/// </summary>
/// <remarks>
/// Huge pages are asked for: the first touch of a 4 KiB page costs a virtual machine some 20 µs, that of 2 MiB hardly
/// more than zeroing it where the machine has the memory, and 5 ms where its host has to find it first. A kernel
/// without them refuses, and then the pages are small.
/// </remarks>
public sealed unsafe class PinnedArena : MemoryManager<byte>
{
    /// <summary>Bytes of a huge page.</summary>
    public const int HugePageBytes = 2 << 20;

    // Held so that the address stays good.
    private readonly byte[] _bytes;
    private readonly byte* _address;

    /// <summary>Reserves memory of unspecified content; pages come with their first touch.</summary>
    public PinnedArena(int capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacityBytes);
        CapacityBytes = capacityBytes;
        _bytes = GC.AllocateUninitializedArray<byte>(checked(capacityBytes + HugePageBytes), pinned: true);
        fixed (byte* start = _bytes)
        {
            _address = (byte*)(((nuint)start + HugePageBytes - 1) & ~(nuint)(HugePageBytes - 1));
        }

        _ = Libc.MAdvise(_address, (nuint)capacityBytes, Libc.AdviceHugePage);
    }

    /// <summary>Bytes of the memory.</summary>
    public int CapacityBytes { get; }

    /// <summary>
    /// Touches the huge page at <paramref name="offset"/>, so that its first user does not wait for it; the content
    /// stays what it is, also under concurrent writes. A kernel without the call (before 5.14) leaves it to that user.
    /// </summary>
    public void Populate(int offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)offset, (uint)CapacityBytes);
        var bytes = Math.Min(HugePageBytes, CapacityBytes - offset);
        _ = Libc.MAdvise(_address + offset, (nuint)bytes, Libc.AdvicePopulateWrite);
        GC.KeepAlive(this);
    }

    /// <inheritdoc />
    public override Span<byte> GetSpan() => new(_address, CapacityBytes);

    /// <inheritdoc />
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)CapacityBytes);
        return new MemoryHandle(_address + elementIndex, pinnable: this);
    }

    /// <inheritdoc />
    public override void Unpin()
    {
    }

    /// <inheritdoc />
    protected override void Dispose(bool disposing) => GC.KeepAlive(_bytes);
}
