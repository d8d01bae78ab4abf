using ClaudeFs.Grains.Storage;

namespace ClaudeFs.Grains.Tests.Storage;

public class OrderedKeysTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void It_is_an_ordered_set(int seed)
    {
        var random = new Random(seed);
        var model = new SortedSet<long>();
        var keys = new OrderedKeys();
        var page = new long[50];
        for (var step = 0; step < 20_000; step++)
        {
            var key = random.NextInt64(-3000, 3000);
            if (random.Next(5) < 3) Assert.Equal(model.Add(key), keys.Add(key));
            else Assert.Equal(model.Remove(key), keys.Remove(key));
            Assert.Equal(model.Count, keys.Count);
            if (step % 50 != 0) continue;
            var after = random.NextInt64(-3100, 3100);
            var count = keys.CopyAfter(after, page);
            Assert.Equal(model.Where(each => each > after).Take(page.Length), page.Take(count));
        }
    }
}
