using ClaudeFs.Primitives;
using ClaudeFs.Reduction.Hashing;
using ClaudeFs.TestKit;

namespace ClaudeFs.Reduction.Tests;

public class ChunkNamerTests
{
    [Fact]
    public void Name_is_the_keyed_hash_under_the_tenants_key()
    {
        var namer = new ChunkNamer("whats the Elvish word for friend"u8);
        Assert.Equal("92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26", namer.Name([]).ToString());
    }

    [Fact]
    public void Name_differs_between_tenants_and_between_contents()
    {
        var key = new byte[Blake3.KeyBytes];
        var first = new ChunkNamer(key);
        key[31] = 1; // the namer has its own copy
        var second = new ChunkNamer(key);
        Assert.Equal(first.Name("a"u8), first.Name("a"u8));
        Assert.NotEqual(first.Name("a"u8), second.Name("a"u8));
        Assert.NotEqual(first.Name("a"u8), first.Name("b"u8));
        Assert.Equal(new ChunkNamer(new byte[Blake3.KeyBytes]).Name("a"u8), first.Name("a"u8));
    }

    [Theory, InlineData(0), InlineData(31), InlineData(33)]
    public void A_key_of_another_size_is_refused(int length) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new ChunkNamer(new byte[length]));

    [Fact]
    public void Naming_allocates_nothing()
    {
        var namer = new ChunkNamer(new byte[Blake3.KeyBytes]);
        var chunk = new byte[Limits.ChunkBytes];
        Assert.Equal(0, Allocations.Of(() => namer.Name(chunk)));
    }
}
