using ClaudeFs.Platform.Interop;
using ClaudeFs.Platform.Memory;
using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Tests;

public sealed class AlignedMemoryTests
{
    [Theory, InlineData(1), InlineData(4096), InlineData(4097), InlineData((16 << 20) + 1)]
    public unsafe void Rented_buffers_begin_at_a_page_and_hold_what_was_asked(int bytes)
    {
        using var pool = new AlignedMemoryPool();
        using var memory = pool.Rent(bytes);
        Assert.Equal(0u, (nuint)memory.Address % 4096);
        Assert.True(memory.CapacityBytes >= bytes);
        Assert.True(AlignedMemory.IsAligned(memory.Memory));
        Assert.True(AlignedMemory.IsAligned(memory.Memory[4096..]));
        Assert.False(AlignedMemory.IsAligned(memory.Memory[1..]));
        Assert.False(AlignedMemory.IsAligned(memory.Memory[..1]));
    }

    [Fact]
    public void Managed_memory_is_never_taken_for_aligned()
    {
        for (var i = 0; i < 64; i++) Assert.False(AlignedMemory.IsAligned(new byte[4096]));
    }

    [Fact]
    public void A_returned_buffer_is_reused_once_and_not_usable_meanwhile()
    {
        using var pool = new AlignedMemoryPool();
        var first = pool.Rent(5000);
        first.Return();
        first.Return();
        Assert.Equal(8192, pool.KeptBytes);
        Assert.Throws<ObjectDisposedException>(() => first.GetSpan().Length);

        using var second = pool.Rent(8000);
        using var third = pool.Rent(8000);
        Assert.Same(first, second);
        Assert.NotSame(second, third);
    }

    [Fact]
    public void The_pool_keeps_no_more_than_its_bound()
    {
        using var pool = new AlignedMemoryPool();
        var buffers = Enumerable.Range(0, 12).Select(_ => pool.Rent(Limits.AlignedPoolBufferBytesMax)).ToList();
        buffers.ForEach(buffer => buffer.Return());
        Assert.Equal(Limits.AlignedPoolBytesMax, pool.KeptBytes);
    }

    [Fact]
    public void Renting_and_returning_allocates_nothing()
    {
        using var pool = new AlignedMemoryPool();
        for (var i = 0; i < 100; i++) pool.Rent(65536).Return();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) pool.Rent(65536).Return();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_directory_is_locked_once_and_the_holder_is_named()
    {
        var path = Path.GetTempFileName();
        try
        {
            using (LockFile.Acquire(path))
            {
                var refused = Assert.Throws<FsException>(() => LockFile.Acquire(path));
                Assert.Equal(FsError.EBUSY, refused.Error);
                Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
            }

            LockFile.Acquire(path).Dispose();
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Free_space_is_that_of_the_file_system()
    {
        var space = FreeSpace.Of("/");
        var drive = new DriveInfo("/");
        Assert.Equal(drive.TotalSize, space.TotalBytes);
        Assert.InRange(space.AvailableBytes, 1, space.TotalBytes);
        Assert.Equal(FsError.ENOENT, Assert.Throws<FsException>(() => FreeSpace.Of("/no/such/place")).Error);
    }
}
