using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Storage.Check;

// What a single flipped bit has broken is put right where it lies; the checksum says which bit it was.
public sealed partial class DeviceCheck
{
    private const string NothingAdvice = "nothing is left to do";

    /// <summary>
    /// Turns back a flipped bit in a superblock, before the device is opened: with both copies damaged it could not be.
    /// </summary>
    /// <param name="device">The device, open for writing.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<IReadOnlyList<CheckFinding>> MendSuperblocksAsync(
        Platform.Devices.IBlockDevice device, CancellationToken cancellationToken = default)
    {
        var findings = new List<CheckFinding>();
        using var page = AlignedMemoryPool.Shared.Rent(Superblock.SizeBytes);
        var memory = page.Memory[..Superblock.SizeBytes];
        foreach (var offset in (long[])[0, DeviceGeometry.SecondSuperblockOffset])
        {
            if (device.SizeBytes < offset + Superblock.SizeBytes) continue;
            await device.ReadAsync(offset, memory, cancellationToken);
            if (!Crc32c.TryMend(memory.Span) || Superblock.TryRead(memory.Span, out _) is not null) continue;
            await device.WriteAsync(offset, memory, cancellationToken);
            await device.FlushAsync(cancellationToken);
            findings.Add(new(CheckSeverity.Repaired, "a superblock: a flipped bit was turned back", device.Name, offset,
                NothingAdvice));
        }

        return findings;
    }

    private async ValueTask RepairSuperblocksAsync(CancellationToken cancellationToken)
    {
        await _storage.RewriteSuperblockAsync(cancellationToken);
        foreach (var warning in _storage.Warnings) Add(CheckSeverity.Repaired, warning, _storage.Device.Name, 0,
            "it was written again from the other copy");
    }

    private async ValueTask<bool> TryMendAsync(
        long offset, Memory<byte> block, int at, int bytes, string what, CancellationToken cancellationToken)
    {
        if (!_repair || !Crc32c.TryMend(block.Span.Slice(at, bytes))) return false;
        await _storage.Device.WriteAsync(offset, block, cancellationToken);
        await _storage.Device.FlushAsync(cancellationToken);
        AddMended(what, offset + at);
        return true;
    }

    private async ValueTask<bool> TryMendDirectoryAsync(
        long offset, Memory<byte> tail, SegmentId segment, CancellationToken cancellationToken)
    {
        if (!_repair) return false;
        for (var at = tail.Length - DirectoryEntry.SizeBytes; at >= 0; at -= DirectoryEntry.SizeBytes)
        {
            Crc32c.TryMend(tail.Span.Slice(at, DirectoryEntry.SizeBytes));
            if (SegmentDirectory.TryRead(tail.Span, segment, _storage.Geometry.SegmentBytes, []) is not null) continue;
            await _storage.Device.WriteAsync(offset, tail, cancellationToken);
            await _storage.Device.FlushAsync(cancellationToken);
            AddMended($"the directory of segment {segment.Value}", offset + at);
            return true;
        }

        return false;
    }

    private async ValueTask<bool> TryMendItemAsync(
        ReferenceDelta reference, long offset, Memory<byte> blocks, CancellationToken cancellationToken)
    {
        if (!_repair) return false;
        var bytes = blocks.Span[..(int)reference.StoredBytes];
        var bit = Crc32c.FindFlippedBit(bytes, reference.Checksum);
        if (bit < 0) return false;
        Crc32c.Flip(bytes, bit);
        await _storage.Device.WriteAsync(offset, blocks, cancellationToken);
        await _storage.Device.FlushAsync(cancellationToken);
        AddMended(NameOf(reference.Location), offset + (bit / 8));
        return true;
    }

    private void AddMended(string what, long offset) => Add(
        CheckSeverity.Repaired, $"{what}: a flipped bit was turned back", _storage.Device.Name, offset, NothingAdvice);
}
