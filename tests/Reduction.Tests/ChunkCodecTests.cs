using ClaudeFs.Reduction.Compression;

namespace ClaudeFs.Reduction.Tests;

public class ChunkCodecTests
{
    [Fact]
    public void TryFind_knows_number_0_only()
    {
        for (var id = 0; id <= byte.MaxValue; id++)
        {
            var isKnown = ChunkCodecs.TryFind((byte)id, out var codec);
            Assert.Equal(id == 0, isKnown);
            Assert.Equal(isKnown, codec is not null);
            if (codec is not null) Assert.Equal(id, codec.Id);
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(65536)]
    public void Stored_bytes_come_back(int length)
    {
        var plain = new byte[length];
        new Random(length).NextBytes(plain);
        var codec = StoredCodec.Instance;
        var encoded = new byte[codec.EncodedBytesMax(length)];
        Assert.True(codec.TryEncode(plain, encoded, out var encodedBytes));
        var decoded = new byte[length];
        Assert.True(codec.TryDecode(encoded.AsSpan(0, encodedBytes), decoded));
        Assert.Equal(plain, decoded);
    }

    [Fact]
    public void Stored_refuses_a_destination_that_is_too_small_and_lengths_that_differ()
    {
        var codec = StoredCodec.Instance;
        Assert.False(codec.TryEncode(new byte[10], new byte[9], out var encodedBytes));
        Assert.Equal(0, encodedBytes);
        Assert.False(codec.TryDecode(new byte[10], new byte[9]));
        Assert.False(codec.TryDecode(new byte[10], new byte[11]));
    }
}
