namespace ClaudeFs.Runtime.Tests.Grains;

/// <summary>A result like those of the product.</summary>
[GenerateSerializer, Immutable]
public readonly record struct Answer<T>(T Value, int Error);

/// <summary>An argument that does not change.</summary>
[GenerateSerializer, Immutable, Alias("test.name")]
public sealed record Name(string Text);

/// <summary>An argument that may change.</summary>
[GenerateSerializer, Alias("test.basket")]
public sealed class Basket
{
    /// <summary>What is in it.</summary>
    [Id(0)]
    public List<int> Items { get; set; } = [];
}

/// <summary>Small grain for most tests.</summary>
[Alias("test.counter")]
public interface ICounterGrain : IGrainWithIntegerKey
{
    /// <summary>Adds.</summary>
    [Alias("Add")]
    ValueTask<Answer<ulong>> AddAsync(Name name, ulong amount);

    /// <summary>Gives the basket back as it is.</summary>
    Task<Basket> KeepAsync(Basket basket);

    /// <summary>The kept basket.</summary>
    ValueTask<Basket> GetAsync();

    /// <summary>Throws.</summary>
    Task ThrowAsync(string message);
}

/// <summary>The grain.</summary>
public sealed class CounterGrain : Grain, ICounterGrain
{
    private Basket _basket = new();
    private ulong _sum;

    /// <inheritdoc/>
    public ValueTask<Answer<ulong>> AddAsync(Name name, ulong amount)
    {
        _sum += amount;
        return new(new Answer<ulong>(_sum, 0));
    }

    /// <inheritdoc/>
    public Task<Basket> KeepAsync(Basket basket)
    {
        _basket = basket;
        return Task.FromResult(basket);
    }

    /// <inheritdoc/>
    public ValueTask<Basket> GetAsync() => new(_basket);

    /// <inheritdoc/>
    public async Task ThrowAsync(string message)
    {
        await Task.Yield();
        throw new InvalidOperationException(message);
    }
}
