using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Platform.Seams;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Devices;

namespace ClaudeFs.DataPlane.Tests.Storage;

public sealed class StorageDeviceTests
{
    private const long Capacity = 16 << 20;   // bytes
    private static readonly StorageDeviceOptions Options = new() { CapacityBytes = Capacity, SegmentBytes = 256 << 10 };

    [Fact]
    public async Task A_new_device_is_formatted_and_found_again_with_one_open_more()
    {
        var device = new SimulatedBlockDevice(1);
        var first = await OpenAsync(device, Options);
        var second = await OpenAsync(device, Options);

        Assert.Equal(1u, first.Superblock.OpenCount);
        Assert.Equal(2u, second.Superblock.OpenCount);
        Assert.Equal(first.Superblock.FileSystem, second.Superblock.FileSystem);
        Assert.Equal(first.Geometry, second.Geometry);
        Assert.Equal(Capacity / 16, first.LogRegion().SizeBytes);
        Assert.Equal(1 << 20, first.LogRegion().OffsetBytes);
        Assert.True(first.PlaceCount >= Limits.DevicePlacesMin);
    }

    [Theory, InlineData(64L << 20, 4L << 20), InlineData(1L << 30, 64L << 20), InlineData(100L << 30, 256L << 20)]
    public void The_log_region_is_a_part_of_the_capacity(long capacity, long log)
    {
        var geometry = DeviceGeometry.For(capacity);
        Assert.Equal(log, geometry.LogBytes, 2.0 * Limits.SegmentBytes);
        Assert.Null(geometry.FindFault());
    }

    [Fact]
    public void Places_fill_the_zones_without_overlap()
    {
        var geometry = DeviceGeometry.For(3L << 30);
        var places = geometry.PlacesIn(geometry.CapacityBytes);
        var ends = geometry.ZonesOffsetBytes;
        for (var place = 0; place < places; place++)
        {
            Assert.True(geometry.PlaceOffset(place) >= ends);
            ends = geometry.PlaceOffset(place) + geometry.SegmentBytes;
            Assert.True(geometry.EntryOffset(place) < geometry.PlaceOffset(place / geometry.PlacesPerZone
                * geometry.PlacesPerZone));
        }

        Assert.InRange(ends, geometry.CapacityBytes - geometry.SegmentBytes, geometry.CapacityBytes);
    }

    [Fact]
    public async Task More_capacity_grows_and_less_is_refused()
    {
        var device = new SimulatedBlockDevice(1);
        var first = await OpenAsync(device, Options);
        var grown = await OpenAsync(device, new() { CapacityBytes = Capacity * 2 });
        Assert.Equal(first.PlaceCount, grown.PlaceCount);
        Assert.True(await grown.GrowAsync());
        Assert.False(await grown.GrowAsync());
        Assert.Equal(Capacity * 2, device.SizeBytes);
        Assert.Equal(grown.PlaceCountMax, grown.PlaceCount);
        Assert.True(grown.PlaceCount > first.PlaceCount);

        var refused = await Assert.ThrowsAsync<FsException>(() => OpenAsync(device, Options));
        Assert.Equal(FsError.EINVAL, refused.Error);
        Assert.Equal($"simulated: has a size of {Capacity * 2} bytes and cannot shrink to {Capacity}", refused.Message);
    }

    [Fact]
    public async Task Another_file_system_is_refused_by_name()
    {
        var device = new SimulatedBlockDevice(1);
        var found = (await OpenAsync(device, Options)).Superblock.FileSystem;
        var expected = new FileSystemId(1, 2);
        var refused = await Assert.ThrowsAsync<FsException>(
            () => OpenAsync(device, new() { FileSystem = expected }));
        Assert.Equal($"simulated: offset 16: expected file system {expected}, found {found}", refused.Message);
    }

    [Fact]
    public async Task One_damaged_superblock_is_a_warning_and_two_are_refused()
    {
        var device = new SimulatedBlockDevice(1);
        await OpenAsync(device, Options);
        device.FlipBit(40);
        var warned = await OpenAsync(device, Options);
        Assert.Contains("simulated: offset 0: damaged superblock: expected CRC32C", Assert.Single(warned.Warnings),
            StringComparison.Ordinal);
        Assert.Empty((await OpenAsync(device, Options)).Warnings);   // opening wrote both copies again

        device.FlipBit(40);
        device.FlipBit(DeviceGeometry.SecondSuperblockOffset + 99);
        var refused = await Assert.ThrowsAsync<FsException>(() => OpenAsync(device, Options));
        Assert.Equal(FsError.EIO, refused.Error);
    }

    [Fact]
    public async Task Another_version_and_foreign_bytes_are_refused()
    {
        var device = new SimulatedBlockDevice(1);
        await OpenAsync(device, Options);
        using var page = AlignedMemoryPool.Shared.Rent(Superblock.SizeBytes);
        var bytes = device.Peek(0, Superblock.SizeBytes);
        bytes[8] = 2;
        BitConverter.TryWriteBytes(bytes.AsSpan(4092), Crc32c.Compute(bytes.AsSpan(0, 4092)));
        bytes.CopyTo(page.GetSpan());
        await device.WriteAsync(0, page.Memory[..4096]);
        await device.WriteAsync(DeviceGeometry.SecondSuperblockOffset, page.Memory[..4096]);
        var version = await Assert.ThrowsAsync<FsException>(() => OpenAsync(device, Options));
        Assert.Equal(FsError.EPROTO, version.Error);
        Assert.Contains("offset 0: the superblock has version 2; this cfs knows version 1", version.Message,
            StringComparison.Ordinal);

        page.GetSpan().Fill(0x41);
        await device.WriteAsync(0, page.Memory[..4096]);
        await device.WriteAsync(DeviceGeometry.SecondSuperblockOffset, page.Memory[..4096]);
        var foreign = await Assert.ThrowsAsync<FsException>(() => OpenAsync(device, Options));
        Assert.Equal(FsError.EINVAL, foreign.Error);
        Assert.Contains("found 4141414141414141", foreign.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_power_cut_at_any_moment_of_formatting_and_opening_leaves_a_device_that_opens()
    {
        for (var failAt = 1; failAt < 12; failAt++)
        {
            var device = new SimulatedBlockDevice(failAt);
            var count = 0;
            device.Fault = (in SimulatedOperation operation) =>
                operation.Kind != SimulatedOperationKind.Read && ++count >= failAt ? FsError.EIO : FsError.None;
            for (var open = 0; open < 2; open++)
            {
                try
                {
                    await OpenAsync(device, Options);
                }
                catch (FsException fault)
                {
                    Assert.Equal(FsError.EIO, fault.Error);
                }
            }

            var storage = await OpenAsync(device.CutPower(), Options);
            Assert.InRange(storage.Superblock.OpenCount, 1u, 3u);
        }
    }

    [Fact]
    public async Task A_size_without_room_for_segments_and_a_file_cut_short_are_refused()
    {
        var small = await Assert.ThrowsAsync<FsException>(
            () => OpenAsync(new SimulatedBlockDevice(1), new() { CapacityBytes = 8 << 20 }));
        Assert.Equal(FsError.EINVAL, small.Error);

        var empty = await Assert.ThrowsAsync<FsException>(
            () => OpenAsync(new SimulatedBlockDevice(1), new() { Format = false }));
        Assert.Equal("simulated: offset 0: expected a superblock, found an empty file", empty.Message);
    }

    private static Task<StorageDevice> OpenAsync(SimulatedBlockDevice device, StorageDeviceOptions options) =>
        StorageDevice.OpenAsync(device, options, new SystemIdSource()).AsTask();
}
