namespace ClaudeFs.Primitives.Tests;

public class InvariantTests
{
    [Fact]
    public void That_lets_a_true_condition_pass() => Invariant.That(true);

    [Fact]
    public void That_names_the_broken_condition_and_who_checked_it()
    {
        var epoch = 3;
        var thrown = Assert.Throws<InvariantException>(() => Invariant.That(epoch > 4));
        Assert.Contains("epoch > 4", thrown.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(That_names_the_broken_condition_and_who_checked_it), thrown.Message,
            StringComparison.Ordinal);
    }
}
