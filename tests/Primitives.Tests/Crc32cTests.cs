namespace ClaudeFs.Primitives.Tests;

public class Crc32cTests
{
    public static TheoryData<string> Tiers => new(Enum.GetNames<Crc32cTier>());

    // RFC 3720 appendix B.4, and the check value of the CRC catalogue.
    public static TheoryData<string, uint> Published => new()
    {
        { new string('0', 64), 0x8A9136AA },
        { new string('F', 64), 0x62A8AB43 },
        { Convert.ToHexString([.. Enumerable.Range(0, 32).Select(i => (byte)i)]), 0x46DD794E },
        { Convert.ToHexString([.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))]), 0x113FDB5C },
        {
            "01C00000000000000000000000000000" + "14000000000004000000001400000018"
            + "28000000000000000200000000000000", 0xD9963A56
        },
        { Convert.ToHexString("123456789"u8), 0xE3069283 },
        { "", 0 },
    };

    [Theory, MemberData(nameof(Published))]
    public void Compute_gives_the_published_values(string hex, uint expected)
    {
        var bytes = Convert.FromHexString(hex);
        Assert.Equal(expected, Crc32c.Compute(bytes));
        foreach (var tier in Enum.GetValues<Crc32cTier>().Where(Crc32c.IsSupported))
        {
            Assert.Equal(expected, Crc32c.Append(0, bytes, tier));
        }
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Every_tier_agrees_with_the_definition_at_every_length_and_alignment(string tierName)
    {
        var tier = Enum.Parse<Crc32cTier>(tierName);
        if (!Crc32c.IsSupported(tier)) return; // compared where the processor has it; Scalar always runs
        var bytes = new byte[1200];
        new Random(20).NextBytes(bytes);
        for (var length = 0; length <= 1100; length++)
        {
            var source = bytes.AsSpan(length % 67, length);
            Assert.Equal(BitByBit(source), Crc32c.Append(0, source, tier));
        }
    }

    [Theory, MemberData(nameof(Tiers))]
    public void Append_continues_where_the_first_part_ended(string tierName)
    {
        var tier = Enum.Parse<Crc32cTier>(tierName);
        if (!Crc32c.IsSupported(tier)) return;
        var bytes = new byte[4096];
        new Random(21).NextBytes(bytes);
        var whole = Crc32c.Compute(bytes);
        for (var cut = 0; cut <= bytes.Length; cut += 13)
        {
            var first = Crc32c.Append(0, bytes.AsSpan(0, cut), tier);
            Assert.Equal(whole, Crc32c.Append(first, bytes.AsSpan(cut), tier));
        }
    }

    [Fact]
    public void Every_single_flipped_bit_changes_the_checksum()
    {
        var bytes = new byte[512];
        new Random(22).NextBytes(bytes);
        var expected = Crc32c.Compute(bytes);
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(expected, Crc32c.Compute(bytes));
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    private static uint BitByBit(ReadOnlySpan<byte> source)
    {
        var state = uint.MaxValue;
        foreach (var b in source)
        {
            state ^= b;
            for (var bit = 0; bit < 8; bit++) state = (state & 1) != 0 ? (state >> 1) ^ 0x82F63B78 : state >> 1;
        }

        return ~state;
    }
}
