using ClaudeFs.Client.Buffers;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests;

public class WriteBufferTests
{
    private const int Size = 300_000;

    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4)]
    public void What_was_written_last_is_read_through_both_layers(int seed)
    {
        var random = new Random(seed);
        var pool = new SlabPool();
        var buffer = new WriteBuffer(pool);
        var model = new short[Size];
        Array.Fill(model, (short)-1);
        var flushing = false;
        for (var step = 0; step < 400; step++)
        {
            var offset = random.Next(Size - 1);
            var length = random.Next(1, Math.Min(Size - offset, random.Next(2) == 0 ? 100 : 90_000));
            switch (random.Next(10))
            {
                case 0 when !flushing:
                    flushing = buffer.Take(random.Next(1, 1 << 20), random.Next(2) == 0, random.Next(2) == 0).Count > 0;
                    break;
                case 1 when flushing:
                    flushing = false;
                    buffer.EndFlush();
                    Forget(model, buffer);
                    break;
                case 2 when !flushing:
                    buffer.Truncate(offset);
                    Array.Fill(model, (short)-1, offset, Size - offset);
                    break;
                case 3:
                    Under(model, buffer, offset, length, (byte)random.Next(256));
                    break;
                default:
                    var value = (byte)random.Next(256);
                    buffer.Write(offset, Enumerable.Repeat(value, length).ToArray());
                    Array.Fill(model, value, offset, length);
                    break;
            }

            AssertSame(model, buffer, random.Next(Size - 1), seed, step);
        }

        if (flushing) buffer.EndFlush();
        buffer.DropCurrent();
        Assert.Equal((0L, 0L, 0L, true), (buffer.HeldBytes, buffer.CurrentBytes, buffer.ValidBytes, buffer.IsEmpty));
    }

    [Fact]
    public void A_write_within_a_page_holds_a_page_and_a_larger_one_a_chunk()
    {
        var buffer = new WriteBuffer(new SlabPool());
        buffer.Write(5000, new byte[100]);
        Assert.Equal(Limits.LocatedBytes, buffer.HeldBytes);
        buffer.Write(8000, new byte[1000]);
        Assert.Equal(Limits.ChunkBytes, buffer.HeldBytes);
    }

    [Fact]
    public void Whole_chunks_are_taken_lowest_first_and_the_rest_stays()
    {
        var buffer = new WriteBuffer(new SlabPool());
        buffer.Write(Limits.ChunkBytes, new byte[2 * Limits.ChunkBytes]);
        buffer.Write(0, new byte[100]);
        var taken = buffer.Take(Limits.ChunkBytes, wholeOnly: true, withFirst: false);
        Assert.Equal(1, Assert.Single(taken).Index);
        Assert.True(buffer.HasCurrent);
        buffer.EndFlush();
        Assert.False(buffer.TryFindRun(Limits.ChunkBytes, 2 * Limits.ChunkBytes, out _));
    }

    [Fact]
    public void New_pages_are_counted_once()
    {
        var buffer = new WriteBuffer(new SlabPool());
        Assert.Equal(2, buffer.CountNewPages(4000, 200));
        buffer.Write(4000, new byte[200]);
        Assert.Equal(0, buffer.CountNewPages(4000, 200));
        Assert.Equal(1, buffer.CountNewPages(4000, 8192 - 4000 + 1));
    }

    private static void Under(short[] model, WriteBuffer buffer, int offset, int length, byte value)
    {
        // Gaps are those of the current layer: what the other layer has is older and is hidden.
        var before = Current(buffer);
        buffer.WriteUnder(offset, Enumerable.Repeat(value, length).ToArray());
        for (var i = offset; i < offset + length; i++)
        {
            if (!before[i]) model[i] = value;
        }
    }

    private static bool[] Current(WriteBuffer buffer)
    {
        var there = new bool[Size];
        for (var page = 0; page < Size; page++)
        {
            there[page] = buffer.IsCurrent(page);
        }

        return there;
    }

    private static void Forget(short[] model, WriteBuffer buffer)
    {
        for (var i = 0; i < Size; i++)
        {
            if (!buffer.IsCurrent(i)) model[i] = -1;
        }
    }

    private static void AssertSame(short[] model, WriteBuffer buffer, int from, int seed, int step)
    {
        var seen = new short[Size];
        Array.Fill(seen, (short)-1);
        var position = (long)from;
        while (buffer.TryFindRun(position, Size, out var run))
        {
            var bytes = new byte[run.End - run.Start];
            WriteBuffer.Copy(run, bytes);
            for (var i = 0; i < bytes.Length; i++) seen[run.Start + i] = bytes[i];
            position = run.End;
        }

        Assert.True(model.AsSpan(from).SequenceEqual(seen.AsSpan(from)), $"seed {seed}, step {step}");
    }
}
