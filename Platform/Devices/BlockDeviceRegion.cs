using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Devices;

/// <summary>
/// A slice of a device, addressed from 0; does not own it. A flush flushes the whole device. It does not grow: the
/// device does, and whoever slices it makes a longer region.
/// </summary>
public sealed class BlockDeviceRegion : IBlockDevice
{
    private readonly IBlockDevice _device;

    /// <summary>Slices <paramref name="device"/>; both bounds are multiples of its blocks and lie within it.</summary>
    public BlockDeviceRegion(IBlockDevice device, string name, long offsetBytes, long sizeBytes)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegative(offsetBytes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sizeBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(offsetBytes % device.BlockBytes, 0);
        ArgumentOutOfRangeException.ThrowIfNotEqual(sizeBytes % device.BlockBytes, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offsetBytes + sizeBytes, device.SizeBytes);
        _device = device;
        Name = $"{device.Name}[{name}]";
        OffsetBytes = offsetBytes;
        SizeBytes = sizeBytes;
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <summary>Where the region begins on its device.</summary>
    public long OffsetBytes { get; }

    /// <inheritdoc />
    public long SizeBytes { get; }

    /// <inheritdoc />
    public int BlockBytes => _device.BlockBytes;

    /// <inheritdoc />
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        Check(offset, destination.Length);
        return _device.ReadAsync(OffsetBytes + offset, destination, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Check(offset, source.Length);
        return _device.WriteAsync(OffsetBytes + offset, source, cancellationToken);
    }

    /// <inheritdoc />
    public ValueTask FlushAsync(CancellationToken cancellationToken = default) => _device.FlushAsync(cancellationToken);

    /// <summary>Always refused.</summary>
    public ValueTask GrowAsync(
        long sizeBytes, IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        throw new NotSupportedException($"{Name}: a region does not grow");

    /// <summary>Does nothing: the device belongs to whoever opened it.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // Reading or writing outside its region would be somebody else's data.
    private void Check(long offset, int length) =>
        Invariant.That(offset >= 0 && offset <= SizeBytes - length);
}
