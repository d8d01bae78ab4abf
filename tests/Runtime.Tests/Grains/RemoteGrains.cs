namespace ClaudeFs.Runtime.Tests.Grains;

/// <summary>Is told things.</summary>
[Alias("test.listener")]
public interface IListener : IGrainObserver
{
    /// <summary>Is asked.</summary>
    ValueTask<Answer<string>> AskAsync(Name name);

    /// <summary>Is told, without an answer.</summary>
    [Orleans.Concurrency.OneWay]
    Task TellAsync(string what);
}

/// <summary>Calls of many shapes.</summary>
[Alias("test.remote")]
public interface IRemoteGrain : IGrainWithIntegerKey
{
    /// <summary>Echoes a value of a type known by its alias only.</summary>
    Task<object?> EchoAsync(object? value);

    /// <summary>Asks the observer.</summary>
    Task<string> AskAsync(IListener listener, string name);

    /// <summary>Tells the observer.</summary>
    Task TellAsync(IListener listener, string what);

    /// <summary>Throws an exception with a member.</summary>
    Task ThrowAsync(string what);

    /// <summary>Waits at a gate, or for cancellation.</summary>
    Task WaitAsync(string gate, CancellationToken cancellation);

    /// <summary>A reference to itself, by way of another.</summary>
    Task<IRemoteGrain> SelfAsync(IRemoteGrain other);

    /// <summary>A value of the request context.</summary>
    ValueTask<string?> ContextAsync();

    /// <summary>Calls the observer, which calls back.</summary>
    Task<string> CallBackAsync(IListener listener);
}

/// <summary>An exception with a member.</summary>
[GenerateSerializer, Alias("test.failure")]
public sealed class TestFailureException(int code, string message) : Exception(message)
{
    /// <summary>The member.</summary>
    [Id(0)]
    public int Code { get; } = code;
}

/// <summary>Not marked.</summary>
public sealed class UnmarkedException(string message) : InvalidOperationException(message);

/// <summary>The grain.</summary>
public sealed class RemoteGrain : Grain, IRemoteGrain
{
    /// <inheritdoc/>
    public Task<object?> EchoAsync(object? value) => Task.FromResult(value);

    /// <inheritdoc/>
    public async Task<string> AskAsync(IListener listener, string name)
        => (await listener.AskAsync(new Name(name))).Value;

    /// <inheritdoc/>
    public Task TellAsync(IListener listener, string what) => listener.TellAsync(what);

    /// <inheritdoc/>
    public Task ThrowAsync(string what)
        => throw (what == "unmarked" ? new UnmarkedException("odd") : new TestFailureException(42, what));

    /// <inheritdoc/>
    public async Task WaitAsync(string gate, CancellationToken cancellation)
    {
        try
        {
            await Gates.PassAsync(gate).WaitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            Gates.Record(gate, "cancelled");
            Gates.Open(gate + " seen");
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<IRemoteGrain> SelfAsync(IRemoteGrain other) => Task.FromResult(other);

    /// <inheritdoc/>
    public ValueTask<string?> ContextAsync() => new((string?)RequestContext.Get("who"));

    /// <inheritdoc/>
    public async Task<string> CallBackAsync(IListener listener)
        => (await listener.AskAsync(new Name("callback"))).Value;
}
