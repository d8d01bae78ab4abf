namespace ClaudeFs.Primitives.Tests;

public class FingerprintTests
{
    private static readonly byte[] Bytes = [.. Enumerable.Range(1, Fingerprint.SizeBytes).Select(i => (byte)(i * 7))];

    [Fact]
    public void Write_gives_back_the_bytes_that_TryRead_took()
    {
        Assert.True(Fingerprint.TryRead(Bytes, out var fingerprint));
        var written = new byte[Fingerprint.SizeBytes];
        fingerprint.Write(written);
        Assert.Equal(Bytes, written);
    }

    [Theory, InlineData(0), InlineData(1), InlineData(Fingerprint.SizeBytes - 1)]
    public void TryRead_refuses_a_short_buffer(int length)
    {
        Assert.False(Fingerprint.TryRead(Bytes.AsSpan(0, length), out var fingerprint));
        Assert.True(fingerprint.IsZero);
    }

    [Fact]
    public void Write_to_a_short_buffer_throws_and_leaves_it_alone()
    {
        var destination = new byte[Fingerprint.SizeBytes - 1];
        Assert.ThrowsAny<ArgumentException>(() => Fingerprint.Read(Bytes).Write(destination));
        Assert.All(destination, b => Assert.Equal(0, b));
    }

    [Fact]
    public void Text_is_the_bytes_in_hex_and_parses_back()
    {
        var fingerprint = Fingerprint.Read(Bytes);
        Assert.Equal(Convert.ToHexString(Bytes).ToLowerInvariant(), fingerprint.ToString());
        Assert.True(Fingerprint.TryParse(fingerprint.ToString(), out var lower));
        Assert.True(Fingerprint.TryParse(Convert.ToHexString(Bytes), out var upper));
        Assert.Equal(fingerprint, lower);
        Assert.Equal(fingerprint, upper);
    }

    [Theory, InlineData(null), InlineData(""), InlineData("00"), InlineData("zz")]
    public void TryParse_refuses_what_is_no_fingerprint(string? text)
    {
        Assert.False(Fingerprint.TryParse(text, out _));
        Assert.False(Fingerprint.TryParse(text + new string('g', 64 - (text?.Length ?? 0)), out _));
        Assert.False(Fingerprint.TryParse(new string('0', 65), out _));
    }

    [Fact]
    public void Order_is_the_order_of_the_bytes()
    {
        for (var i = 0; i < Fingerprint.SizeBytes; i++)
        {
            var larger = (byte[])Bytes.Clone();
            larger[i]++;
            var (low, high) = (Fingerprint.Read(Bytes), Fingerprint.Read(larger));
            Assert.True(low < high && high > low && low <= high && high >= low && low != high);
            Assert.Equal(0, low.CompareTo(Fingerprint.Read(Bytes)));
        }
    }
}
