using ClaudeFs.Grains.Storage;

namespace ClaudeFs.Grains.Tests.Storage;

public class NameHashTests
{
    // The vectors of the SipHash-2-4 paper's reference implementation: key 00..0f, input 00, 01, 02...
    [Theory]
    [InlineData(0, 0x726fdb47dd0e0e31UL)]
    [InlineData(1, 0x74f839c593dc67fdUL)]
    [InlineData(8, 0x93f5f5799a932462UL)]
    [InlineData(15, 0xa129ca6149be45e5UL)]
    public void It_is_SipHash_2_4(int length, ulong expected)
    {
        var hash = new NameHash(0x0706050403020100, 0x0f0e0d0c0b0a0908);
        Assert.Equal(expected, hash.Compute([.. Enumerable.Range(0, length).Select(i => (byte)i)]));
    }

    [Fact]
    public void A_cookie_is_never_one_of_those_that_mean_dot_and_dot_dot()
    {
        var hash = new NameHash(1, 2, bits: 1);
        for (var i = 0; i < 64; i++) Assert.True(hash.FirstKey([(byte)i]) > 2);
        Assert.True(new NameHash(1, 2).FirstKey("name"u8) < 1UL << 60);
    }
}
