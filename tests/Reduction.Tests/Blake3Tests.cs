using System.Text;
using ClaudeFs.Reduction.Hashing;
using ClaudeFs.TestKit;

namespace ClaudeFs.Reduction.Tests;

public class Blake3Tests
{
    private static readonly byte[] Key = Encoding.ASCII.GetBytes(Blake3Vectors.Key);

    // Around the size of a group and of the trees that recursion splits.
    private static readonly int[] TreeChunks = [64, 128, 255, 256, 257, 300, 511, 512, 513, 1000, 2049];

    public static TheoryData<string> Tiers =>
        new(Enum.GetValues<Blake3Tier>().Where(Blake3.IsSupported).Select(t => t.ToString()));

    [Theory, MemberData(nameof(Tiers))]
    public void Every_tier_gives_the_published_vectors_in_all_modes(string tierName)
    {
        var tier = Enum.Parse<Blake3Tier>(tierName);
        var actual = new byte[Blake3.HashBytes];
        foreach (var (length, hash, keyed, derived) in Blake3Vectors.All)
        {
            var input = Pattern(length);
            Blake3.Hash(input, actual, tier);
            Assert.Equal((length, hash), (length, Convert.ToHexStringLower(actual)));
            Blake3.KeyedHash(Key, input, actual, tier);
            Assert.Equal((length, keyed), (length, Convert.ToHexStringLower(actual)));
            Blake3.DeriveKey(Blake3Vectors.Context, input, actual, tier);
            Assert.Equal((length, derived), (length, Convert.ToHexStringLower(actual)));
        }
    }

    [Fact]
    public void Public_methods_give_the_published_vectors()
    {
        var actual = new byte[Blake3.HashBytes];
        foreach (var (length, hash, keyed, derived) in Blake3Vectors.All)
        {
            Blake3.Hash(Pattern(length), actual);
            Assert.Equal(hash, Convert.ToHexStringLower(actual));
            Blake3.KeyedHash(Key, Pattern(length), actual);
            Assert.Equal(keyed, Convert.ToHexStringLower(actual));
            Blake3.DeriveKey(Blake3Vectors.Context, Pattern(length), actual);
            Assert.Equal(derived, Convert.ToHexStringLower(actual));
        }
    }

    [Fact]
    public void Tiers_agree_at_every_length_around_blocks_chunks_and_lanes()
    {
        var random = new Random(30);
        var input = new byte[3 * 1024 * 1024];
        random.NextBytes(input);
        var lengths = Enumerable.Range(0, 140)
            .Concat(Enumerable.Range(1, 40).SelectMany(chunks => Around(chunks * Blake3.ChunkBytes)))
            .Concat(TreeChunks.SelectMany(chunks => Around(chunks * Blake3.ChunkBytes)))
            .Concat(Enumerable.Range(0, 60).Select(_ => random.Next(300_000)));
        foreach (var length in lengths) AssertTiersAgree(input.AsSpan(length % 61, length));
    }

    [Fact]
    public void Best_tier_is_the_highest_that_this_process_may_use()
    {
        Assert.True(Blake3.IsSupported(Blake3.BestTier));
        Assert.DoesNotContain(Enum.GetValues<Blake3Tier>(), tier => tier > Blake3.BestTier && Blake3.IsSupported(tier));
        if (IsOff("DOTNET_EnableAVX512")) Assert.NotEqual(Blake3Tier.Vector512, Blake3.BestTier);
        if (IsOff("DOTNET_EnableAVX2")) Assert.Equal(Blake3Tier.Scalar, Blake3.BestTier);

        static bool IsOff(string variable) => Environment.GetEnvironmentVariable(variable) == "0";
    }

    [Fact]
    public void Unaligned_input_hashes_like_aligned()
    {
        var buffer = new byte[100_064];
        new Random(31).NextBytes(buffer);
        var expected = new byte[Blake3.HashBytes];
        var actual = new byte[Blake3.HashBytes];
        for (var shift = 0; shift < 64; shift += 7)
        {
            Blake3.Hash(buffer.AsSpan(shift, 100_000).ToArray(), expected);
            Blake3.Hash(buffer.AsSpan(shift, 100_000), actual);
            Assert.Equal(expected, actual);
        }
    }

    [Fact]
    public void Bytes_beside_the_input_and_the_output_are_not_touched_or_used()
    {
        var buffer = new byte[5000];
        var first = new byte[Blake3.HashBytes];
        Blake3.Hash(buffer.AsSpan(100, 4321), first);
        buffer.AsSpan(0, 100).Fill(0xFF);
        buffer.AsSpan(4421).Fill(0xFF);
        var second = new byte[Blake3.HashBytes + 8];
        Blake3.Hash(buffer.AsSpan(100, 4321), second);
        Assert.Equal(first, second[..Blake3.HashBytes]);
        Assert.All(second[Blake3.HashBytes..], b => Assert.Equal(0, b));
    }

    [Fact]
    public void A_short_output_or_a_key_of_another_size_is_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => Blake3.Hash(default, new byte[31]));
        Assert.ThrowsAny<ArgumentException>(() => Blake3.KeyedHash(new byte[31], default, new byte[32]));
        Assert.ThrowsAny<ArgumentException>(() => Blake3.KeyedHash(new byte[33], default, new byte[32]));
    }

    [Fact]
    public void Hashing_allocates_nothing()
    {
        var input = Pattern(1_000_001);
        var hash = new byte[Blake3.HashBytes];
        Assert.Equal(0, Allocations.Of(() => HashAll(input, hash)));
    }

    private static void HashAll(byte[] input, byte[] hash)
    {
        for (var length = 0; length < 20_000; length += 997) Blake3.Hash(input.AsSpan(0, length), hash);
        Blake3.Hash(input, hash);
        Blake3.KeyedHash(Key, input, hash);
    }

    private static IEnumerable<int> Around(int length) => [length - 1, length, length + 1, length + 65];

    private static void AssertTiersAgree(ReadOnlySpan<byte> input)
    {
        var expected = new byte[Blake3.HashBytes];
        var actual = new byte[Blake3.HashBytes];
        Blake3.KeyedHash(Key, input, expected, Blake3Tier.Scalar);
        foreach (var tier in Enum.GetValues<Blake3Tier>().Where(Blake3.IsSupported))
        {
            Blake3.KeyedHash(Key, input, actual, tier);
            Assert.True(expected.AsSpan().SequenceEqual(actual), $"{tier} differs at {input.Length} bytes");
        }
    }

    private static byte[] Pattern(int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(i % 251))];
}
