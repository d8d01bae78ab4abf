using System.Globalization;
using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Format;

/// <summary>
/// A formatted device: its superblock and what that says lies where. Log and data share it, so one flush makes both
/// durable. Owns the superblock; does not own the device underneath.
/// </summary>
/// <remarks>
/// Invariant: at every moment one copy of the superblock on stable storage is whole, because the other is written and
/// flushed first. Changes of it (open, growth) are one at a time, which is the caller's duty.
/// </remarks>
public sealed class StorageDevice
{
    private static readonly long[] CopyOffsets = [0, DeviceGeometry.SecondSuperblockOffset];

    private static readonly long[] NeverWrittenOffsets =
        [DeviceGeometry.SecondSuperblockOffset, DeviceGeometry.HeaderBytes];

    private readonly int[] _writeOrder;
    private Superblock _superblock;

    private StorageDevice(IBlockDevice device, Superblock superblock, int currentCopy, IReadOnlyList<string> warnings)
    {
        Device = device;
        _superblock = superblock;
        _writeOrder = currentCopy == 0 ? [1, 0] : [0, 1];
        Warnings = warnings;
    }

    /// <summary>The device underneath.</summary>
    public IBlockDevice Device { get; }

    /// <summary>The superblock as it is on stable storage.</summary>
    public Superblock Superblock => _superblock;

    /// <summary>Where things lie.</summary>
    public DeviceGeometry Geometry => _superblock.Geometry;

    /// <summary>Places that are written and can be used.</summary>
    public int PlaceCount => Geometry.PlacesIn(_superblock.WrittenBytes);

    /// <summary>Places there will be when the device has grown to its capacity.</summary>
    public int PlaceCountMax => Geometry.PlacesIn(Geometry.CapacityBytes);

    /// <summary>What was wrong with one copy of the superblock while the other was good.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>
    /// Opens a device, formats an empty one. What cannot be used is refused with an <see cref="FsException"/> whose
    /// message names file, offset, found and expected: EINVAL (not a device, other file system, would shrink, too
    /// small), EPROTO (other version), EIO (damaged), ENOSPC.
    /// </summary>
    public static async ValueTask<StorageDevice> OpenAsync(
        IBlockDevice device, StorageDeviceOptions options, IIdSource ids, CancellationToken cancellationToken = default)
    {
        if (await IsBlankAsync(device, cancellationToken))
        {
            if (!options.Format || options.ReadOnly)
            {
                throw new FsException(
                    FsError.EINVAL, $"{device.Name}: offset 0: expected a superblock, found an empty file");
            }

            return await FormatAsync(device, options, ids, cancellationToken);
        }

        var storage = await ReadAsync(device, cancellationToken);
        storage.CheckOptions(options);
        if (options.ReadOnly) return storage;

        // What was read may lie in the disk's cache only, if the last process died before its flush.
        await device.FlushAsync(cancellationToken);
        var opened = storage._superblock with { OpenCount = checked(storage._superblock.OpenCount + 1) };
        if (options.CapacityBytes > opened.Geometry.CapacityBytes)
        {
            var capacity = options.CapacityBytes / opened.Geometry.SegmentBytes * opened.Geometry.SegmentBytes;
            opened = opened with { Geometry = opened.Geometry with { CapacityBytes = capacity } };
        }

        await storage.WriteSuperblockAsync(opened, cancellationToken);
        return storage;
    }

    /// <summary>
    /// A region for the embedded log of the metadata, on <paramref name="device"/> or another view of it.
    /// </summary>
    public BlockDeviceRegion LogRegion(IBlockDevice? device = null) =>
        new(device ?? Device, "log", Geometry.LogOffsetBytes, Geometry.LogBytes);

    /// <summary>
    /// Writes the next step of the device (up to the next multiple of 1 GiB, at most the capacity) and puts it to use.
    /// False when it is fully grown. Throws <see cref="FsException"/>: ENOSPC, EIO; the device then stays as it was.
    /// </summary>
    public async ValueTask<bool> GrowAsync(
        IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        var written = _superblock.WrittenBytes;
        if (written >= Geometry.CapacityBytes) return false;
        var next = Math.Min((written / Limits.DeviceGrowthBytes * Limits.DeviceGrowthBytes) + Limits.DeviceGrowthBytes,
            Geometry.CapacityBytes);
        await Device.GrowAsync(next, progress, cancellationToken);
        await WriteSuperblockAsync(_superblock with { WrittenBytes = next }, cancellationToken);
        return true;
    }

    /// <summary>Writes both copies of the superblock again.</summary>
    public ValueTask RewriteSuperblockAsync(CancellationToken cancellationToken = default) =>
        WriteSuperblockAsync(_superblock, cancellationToken);

    // Blank is also what a crash in the middle of formatting leaves: zeros, and the first superblock perhaps torn. That
    // the second one and the log were never written tells it from a damaged device, which must not be formatted.
    private static async ValueTask<bool> IsBlankAsync(IBlockDevice device, CancellationToken cancellationToken)
    {
        using var page = AlignedMemoryPool.Shared.Rent(Superblock.SizeBytes);
        foreach (var offset in NeverWrittenOffsets)
        {
            if (device.SizeBytes < offset + Superblock.SizeBytes) continue;
            await device.ReadAsync(offset, page.Memory[..Superblock.SizeBytes], cancellationToken);
            if (page.GetSpan()[..Superblock.SizeBytes].IndexOfAnyExcept((byte)0) >= 0) return false;
        }

        if (device.SizeBytes < Superblock.SizeBytes) return true;
        await device.ReadAsync(0, page.Memory[..Superblock.SizeBytes], cancellationToken);
        return Superblock.IsBlankOrTorn(page.GetSpan()[..Superblock.SizeBytes]);
    }

    private static async ValueTask<StorageDevice> FormatAsync(
        IBlockDevice device, StorageDeviceOptions options, IIdSource ids, CancellationToken cancellationToken)
    {
        var geometry = DeviceGeometry.For(options.CapacityBytes, options.SegmentBytes);
        if (geometry.PlacesIn(geometry.CapacityBytes) < Limits.DevicePlacesMin)
        {
            throw new FsException(FsError.EINVAL,
                $"{device.Name}: a size of {options.CapacityBytes} bytes is too small for "
                + $"{Limits.DevicePlacesMin} segments");
        }

        var written = Math.Min(geometry.CapacityBytes, geometry.ZonesOffsetBytes + Limits.DeviceFirstZoneBytes);
        await device.GrowAsync(written, options.Progress, cancellationToken);
        var fileSystem = options.FileSystem.IsNone ? new FileSystemId(ids.NextId(), ids.NextId()) : options.FileSystem;
        var superblock = new Superblock(fileSystem, ids.NextId(), 0, 1, geometry, written, 0, options.Created);
        var storage = new StorageDevice(device, superblock, 1, []);
        await storage.WriteSuperblockAsync(superblock, cancellationToken);
        return storage;
    }

    private static async ValueTask<StorageDevice> ReadAsync(IBlockDevice device, CancellationToken cancellationToken)
    {
        var warnings = new List<string>();
        var best = default(Superblock);
        var bestCopy = -1;
        using var page = AlignedMemoryPool.Shared.Rent(Superblock.SizeBytes);
        for (var copy = 0; copy < CopyOffsets.Length; copy++)
        {
            var fault = "beyond the end of the file";
            var superblock = default(Superblock);
            if (device.SizeBytes >= CopyOffsets[copy] + Superblock.SizeBytes)
            {
                await device.ReadAsync(CopyOffsets[copy], page.Memory[..Superblock.SizeBytes], cancellationToken);
                fault = Superblock.TryRead(page.GetSpan(), out superblock);
                if (Superblock.FindOtherVersion(page.GetSpan()) is { } version)
                {
                    throw FormatVersion.Refuse(string.Create(
                        CultureInfo.InvariantCulture, $"{device.Name}: offset {CopyOffsets[copy]}: the superblock"),
                        version, Superblock.Version);
                }
            }

            if (fault is not null)
            {
                warnings.Add(string.Create(
                    CultureInfo.InvariantCulture, $"{device.Name}: offset {CopyOffsets[copy]}: {fault}"));
            }
            else if (bestCopy < 0 || superblock.Sequence > best.Sequence)
            {
                best = superblock;
                bestCopy = copy;
            }
        }

        if (bestCopy < 0)
        {
            var isOurs = warnings[0].Contains("damaged", StringComparison.Ordinal);
            throw new FsException(isOurs ? FsError.EIO : FsError.EINVAL, string.Join("; ", warnings));
        }

        return new StorageDevice(device, best, bestCopy, warnings);
    }

    private void CheckOptions(StorageDeviceOptions options)
    {
        if (!options.FileSystem.IsNone && options.FileSystem != _superblock.FileSystem)
        {
            throw new FsException(FsError.EINVAL,
                $"{Device.Name}: offset 16: expected file system {options.FileSystem}, found {_superblock.FileSystem}");
        }

        if (options.CapacityBytes != 0 && options.CapacityBytes < Geometry.CapacityBytes)
        {
            throw new FsException(FsError.EINVAL,
                $"{Device.Name}: has a size of {Geometry.CapacityBytes} bytes and cannot shrink to "
                + $"{options.CapacityBytes}");
        }

        if (Device.SizeBytes < _superblock.WrittenBytes)
        {
            throw new FsException(FsError.EIO,
                $"{Device.Name}: cut short: expected {_superblock.WrittenBytes} bytes, found {Device.SizeBytes}");
        }
    }

    // The copy that is not the current one goes first: if the power fails there, the other is whole.
    private async ValueTask WriteSuperblockAsync(Superblock superblock, CancellationToken cancellationToken)
    {
        superblock = superblock with { Sequence = superblock.Sequence + 1 };
        using var page = AlignedMemoryPool.Shared.Rent(Superblock.SizeBytes);
        superblock.Write(page.GetSpan());
        foreach (var copy in _writeOrder)
        {
            await Device.WriteAsync(CopyOffsets[copy], page.Memory[..Superblock.SizeBytes], cancellationToken);
            await Device.FlushAsync(cancellationToken);
        }

        _superblock = superblock;
    }
}
