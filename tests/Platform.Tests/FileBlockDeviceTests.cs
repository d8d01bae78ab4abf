using ClaudeFs.Platform.Devices;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Tests;

public sealed class FileBlockDeviceTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("cfs-device-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory, InlineData(0, 0), InlineData(int.MaxValue, 0), InlineData(int.MaxValue, 1 << 16)]
    public async Task What_was_written_is_read_after_reopening(int inlineBytesMax, int writeBehindBytesMax)
    {
        var options = new FileBlockDeviceOptions
        {
            Create = true, InlineBytesMax = inlineBytesMax, WriteBehindBytesMax = writeBehindBytesMax,
        };
        using var bytes = AlignedMemoryPool.Shared.Rent(1 << 16);
        using var copy = AlignedMemoryPool.Shared.Rent(1 << 16);
        new Random(1).NextBytes(bytes.GetSpan());
        await using (var device = FileBlockDevice.Open(PathOf("a"), options))
        {
            await device.GrowAsync(1 << 20);
            await device.WriteAsync(4096, bytes.Memory);
            await device.Inline.WriteAsync(4096 + bytes.CapacityBytes, bytes.Memory);
            await device.FlushAsync();
        }

        await using var reopened = FileBlockDevice.Open(PathOf("a"), options);
        Assert.Equal(1 << 20, reopened.SizeBytes);
        await reopened.ReadAsync(4096, copy.Memory);
        Assert.True(bytes.GetSpan().SequenceEqual(copy.GetSpan()));
        await reopened.Inline.ReadAsync(4096 + bytes.CapacityBytes, copy.Memory);
        Assert.True(bytes.GetSpan().SequenceEqual(copy.GetSpan()));
        await reopened.ReadAsync(0, copy.Memory[..4096]);
        Assert.Equal(-1, copy.Memory.Span[..4096].IndexOfAnyExcept((byte)0));   // grown by zeros
    }

    [Fact]
    public async Task Growing_tells_progress_and_never_shrinks()
    {
        await using var device = FileBlockDevice.Open(PathOf("b"), new FileBlockDeviceOptions { Create = true });
        var progress = new Recorder();
        await device.GrowAsync(3 << 20, progress);
        await device.GrowAsync(1 << 20);
        Assert.Equal(3 << 20, device.SizeBytes);
        Assert.Equal(3 << 20, device.Inline.SizeBytes);
        Assert.Equal([1 << 20, 2 << 20, 3 << 20], progress.Seen);
    }

    [Fact]
    public async Task A_file_system_without_O_DIRECT_is_used_through_the_page_cache()
    {
        // Whether tmpfs takes O_DIRECT depends on the kernel; either way the bytes must come back.
        var path = $"/dev/shm/cfs-device-{Guid.CreateVersion7():n}";
        try
        {
            await using var device = FileBlockDevice.Open(path, new FileBlockDeviceOptions { Create = true });
            await device.GrowAsync(1 << 20);
            using var bytes = AlignedMemoryPool.Shared.Rent(4096);
            bytes.GetSpan().Fill(7);
            await device.WriteAsync(8192, bytes.Memory);
            bytes.GetSpan().Clear();
            await device.ReadAsync(8192, bytes.Memory);
            Assert.Equal(7, bytes.Memory.Span[4095]);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_missing_file_a_hole_past_the_end_and_a_misaligned_transfer_are_refused()
    {
        var missing = Assert.Throws<FsException>(() => FileBlockDevice.Open(PathOf("none")));
        Assert.Equal(FsError.ENOENT, missing.Error);

        await using var device = FileBlockDevice.Open(PathOf("c"), new FileBlockDeviceOptions { Create = true });
        await device.GrowAsync(8192);
        using var bytes = AlignedMemoryPool.Shared.Rent(8192);
        await Assert.ThrowsAsync<InvariantException>(() => device.ReadAsync(4096, bytes.Memory).AsTask());
        await Assert.ThrowsAsync<InvariantException>(() => device.WriteAsync(512, bytes.Memory[..4096]).AsTask());
        await Assert.ThrowsAsync<InvariantException>(() => device.WriteAsync(0, bytes.Memory[..100]).AsTask());
    }

    [Theory, InlineData(0), InlineData(int.MaxValue)]
    public async Task A_file_cut_short_behind_our_back_is_EIO(int inlineBytesMax)
    {
        var options = new FileBlockDeviceOptions { Create = true, InlineBytesMax = inlineBytesMax };
        await using var device = FileBlockDevice.Open(PathOf("d"), options);
        await device.GrowAsync(1 << 16);
        await using (var file = File.OpenWrite(PathOf("d"))) file.SetLength(4096);
        using var bytes = AlignedMemoryPool.Shared.Rent(8192);
        var fault = await Assert.ThrowsAsync<FsException>(() => device.ReadAsync(0, bytes.Memory[..8192]).AsTask());
        Assert.Equal(FsError.EIO, fault.Error);
        Assert.Contains(PathOf("d"), fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_device_refuses_writes()
    {
        await using (var device = FileBlockDevice.Open(PathOf("e"), new FileBlockDeviceOptions { Create = true }))
        {
            await device.GrowAsync(8192);
        }

        await using var readOnly = FileBlockDevice.Open(PathOf("e"), new FileBlockDeviceOptions { ReadOnly = true });
        using var bytes = AlignedMemoryPool.Shared.Rent(4096);
        await readOnly.ReadAsync(0, bytes.Memory[..4096]);
        var fault = await Assert.ThrowsAsync<FsException>(() => readOnly.WriteAsync(0, bytes.Memory[..4096]).AsTask());
        Assert.Equal(FsError.EROFS, fault.Error);
    }

    [Fact]
    public async Task What_is_written_behind_and_past_the_page_cache_in_turns_is_read_as_last_written()
    {
        var options = new FileBlockDeviceOptions { Create = true, WriteBehindBytesMax = 4096 };
        await using var device = FileBlockDevice.Open(PathOf("g"), options);
        await device.GrowAsync(1 << 16);
        using var bytes = AlignedMemoryPool.Shared.Rent(8192);
        for (byte i = 1; i < 200; i++)
        {
            // Two pages past the cache or one of them behind: the other must not come back with it.
            var isBehind = i % 2 == 0;
            bytes.GetSpan()[..8192].Fill(i);
            await device.WriteAsync(8192, bytes.Memory[..(isBehind ? 4096 : 8192)]);
            if (i % 7 == 0) await device.FlushAsync();
            bytes.GetSpan().Clear();
            await device.ReadAsync(8192, bytes.Memory[..8192]);
            Assert.Equal(i, bytes.Memory.Span[4095]);
            Assert.Equal(isBehind ? i - 1 : i, bytes.Memory.Span[4096]);
        }
    }

    [Fact]
    public async Task A_region_is_addressed_from_zero_and_keeps_to_itself()
    {
        await using var device = FileBlockDevice.Open(PathOf("f"), new FileBlockDeviceOptions { Create = true });
        await device.GrowAsync(1 << 16);
        var region = new BlockDeviceRegion(device, "log", 8192, 16384);
        using var bytes = AlignedMemoryPool.Shared.Rent(4096);
        bytes.GetSpan().Fill(9);
        await region.WriteAsync(4096, bytes.Memory);
        bytes.GetSpan().Clear();
        await device.ReadAsync(12288, bytes.Memory);
        Assert.Equal(9, bytes.Memory.Span[0]);
        await region.FlushAsync();
        await Assert.ThrowsAsync<InvariantException>(() => region.ReadAsync(16384, bytes.Memory).AsTask());
        await Assert.ThrowsAsync<InvariantException>(() => region.WriteAsync(-4096, bytes.Memory).AsTask());
        await Assert.ThrowsAsync<NotSupportedException>(() => region.GrowAsync(1 << 20).AsTask());
        Assert.Throws<ArgumentOutOfRangeException>(() => new BlockDeviceRegion(device, "x", 4096, 1 << 16));
    }

    private string PathOf(string name) => Path.Combine(_directory, name);

    private sealed class Recorder : IProgress<long>
    {
        public List<long> Seen { get; } = [];

        public void Report(long value) => Seen.Add(value);
    }
}
