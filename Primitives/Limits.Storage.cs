namespace ClaudeFs.Primitives;

public static partial class Limits
{
    /// <summary>Work queued at one loop; more means that its producer has no bound of its own.</summary>
    public const int LoopQueueItemsMax = 1 << 20;

    /// <summary>Unit of the devices: offsets, lengths and addresses of transfers are multiples of it.</summary>
    public const int DeviceBlockBytes = 4096;

    /// <summary>Native memory that a pool of aligned buffers keeps for reuse.</summary>
    public const long AlignedPoolBytesMax = 64L << 20;

    /// <summary>Largest buffer that a pool of aligned buffers keeps; larger ones are freed when returned.</summary>
    public const int AlignedPoolBufferBytesMax = 8 << 20;

    /// <summary>A device grows by steps that end at multiples of this.</summary>
    public const long DeviceGrowthBytes = 1L << 30;

    /// <summary>Bytes of zeros that one write of a growth carries.</summary>
    public const int DeviceGrowthWriteBytes = 1 << 20;
}
