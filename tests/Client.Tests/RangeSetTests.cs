using ClaudeFs.Client.Buffers;

namespace ClaudeFs.Client.Tests;

public class RangeSetTests
{
    private const int Size = 200;

    [Fact]
    public void Ranges_that_touch_become_one()
    {
        var set = new RangeSet();
        Assert.Equal(10, set.Add(0, 10));
        Assert.Equal(10, set.Add(20, 30));
        Assert.Equal(10, set.Add(10, 20));
        Assert.Equal((0, 30), Assert.Single(set.Ranges.ToArray()));
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_set_does_what_an_array_of_flags_does(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 300; round++)
        {
            var (set, model) = (new RangeSet(), new bool[Size]);
            for (var step = 0; step < 30; step++)
            {
                var start = random.Next(Size);
                var end = random.Next(start, Size + 1);
                if (random.Next(6) == 0) Assert.Equal(Cut(model, start), set.Truncate(start));
                else Assert.Equal(Fill(model, start, end), set.Add(start, end));
                AssertSame(model, set, seed);
                Assert.Equal(model[start..end].All(static there => there), set.Covers(start, end));
                Assert.Equal(model[start..end].Any(static there => there), set.Intersects(start, end));
            }
        }
    }

    private static int Fill(bool[] model, int start, int end)
    {
        var added = model[start..end].Count(static there => !there);
        Array.Fill(model, true, start, end - start);
        return added;
    }

    private static int Cut(bool[] model, int start)
    {
        var removed = model[start..].Count(static there => there);
        Array.Fill(model, false, start, Size - start);
        return removed;
    }

    private static void AssertSame(bool[] model, RangeSet set, int seed)
    {
        var flags = new bool[Size];
        var last = -1;
        foreach (var (start, end) in set.Ranges)
        {
            Assert.True(start > last && end > start, $"seed {seed}: ranges are apart and ascend");
            Array.Fill(flags, true, start, end - start);
            last = end;
        }

        Assert.Equal(model, flags);
        Assert.Equal(Array.LastIndexOf(model, true) + 1, set.End);
    }
}
