using ClaudeFs.Primitives;

namespace ClaudeFs.Primitives.Tests;

public class Crc32cMendTests
{
    [Theory, InlineData(1), InlineData(60), InlineData(4096), InlineData(65_536)]
    public void Any_one_flipped_bit_is_found_and_two_are_none(int length)
    {
        var random = new Random(length);
        var bytes = new byte[length];
        random.NextBytes(bytes);
        var checksum = Crc32c.Compute(bytes);
        Assert.Equal(-1, Crc32c.FindFlippedBit(bytes, checksum));
        for (var i = 0; i < 50; i++)
        {
            var bit = random.NextInt64(length * 8L);
            Crc32c.Flip(bytes, bit);
            Assert.Equal(bit, Crc32c.FindFlippedBit(bytes, checksum));
            var other = (bit + 1 + random.NextInt64((length * 8L) - 1)) % (length * 8L);
            Crc32c.Flip(bytes, other);
            Assert.Equal(-1, Crc32c.FindFlippedBit(bytes, checksum));
            Crc32c.Flip(bytes, other);
            Crc32c.Flip(bytes, bit);
        }
    }

    [Theory, InlineData(0), InlineData(80), InlineData(448)]
    public void A_sector_that_was_never_written_is_no_flipped_bit(int offset)
    {
        var bytes = new byte[2048];
        new Random(offset).NextBytes(bytes);
        var sector = bytes.AsSpan(Limits.SectorBytes - offset, Limits.SectorBytes);
        sector.Clear();
        sector[7] = 0x10;
        var checksum = Crc32c.Compute(bytes);
        sector[7] = 0;
        Assert.NotEqual(-1, Crc32c.FindFlippedBit(bytes, checksum));
        Assert.Equal(-1, Crc32c.FindFlippedBit(bytes, checksum, offset));

        sector[7] = 0x10;
        Crc32c.Flip(bytes, 3);
        Assert.Equal(3, Crc32c.FindFlippedBit(bytes, checksum, offset));
    }

    [Fact]
    public void A_record_is_mended_wherever_the_bit_is_its_checksum_too()
    {
        var good = new byte[64];
        new Random(1).NextBytes(good);
        BitConverter.TryWriteBytes(good.AsSpan(60), Crc32c.Compute(good.AsSpan(0, 60)));
        Assert.False(Crc32c.TryMend(good));
        for (var bit = 0; bit < 64 * 8; bit++)
        {
            var record = good.ToArray();
            Crc32c.Flip(record, bit);
            Assert.True(Crc32c.TryMend(record));
            Assert.Equal(good, record);
            Crc32c.Flip(record, bit);
            Crc32c.Flip(record, (bit + 37) % (64 * 8));
            var broken = record.ToArray();
            Assert.False(Crc32c.TryMend(record));
            Assert.Equal(broken, record);
        }
    }
}
