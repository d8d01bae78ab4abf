namespace ClaudeFs.DataPlane.Transports;

// One reusable block of memory. The version counts its lives: an owner of an earlier life can neither see nor free it.
internal sealed class PayloadBuffer(PayloadPool pool, int @class, byte[] array, int offset, int capacityBytes)
{
    private int _version;

    public int Class { get; } = @class;

    public int CapacityBytes { get; } = capacityBytes;

    public int Version => Volatile.Read(ref _version);

    public Memory<byte> Slice(int start, int length) => array.AsMemory(offset + start, length);

    public void Return(int version)
    {
        if (Interlocked.CompareExchange(ref _version, unchecked(version + 1), version) == version) pool.Return(this);
    }
}
