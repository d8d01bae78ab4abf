using ClaudeFs.DataPlane.Transports;

namespace ClaudeFs.DataPlane.Tests.Transports;

/// <summary>
/// What the conformance suites need of a transport: how to wait on it, and how to get at its bare bytes.
/// </summary>
public abstract class Harness
{
    /// <summary>Longest wait for anything that must happen.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public abstract ITransport Transport { get; }

    public abstract TimeProvider Time { get; }

    public abstract Endpoint AnyEndpoint { get; }

    /// <summary>Waits for a task, driving whatever must be driven for it.</summary>
    public abstract Task<T> UntilAsync<T>(Task<T> task);

    public Task<T> UntilAsync<T>(ValueTask<T> task) => UntilAsync(task.AsTask());

    public async Task UntilAsync(Task task) => await UntilAsync(WithResultAsync(task));

    public Task UntilAsync(ValueTask task) => UntilAsync(task.AsTask());

    /// <summary>Connects without framing.</summary>
    public abstract Task<IByteStream> ConnectRawAsync(Endpoint endpoint);

    /// <summary>
    /// Runs a test without a synchronization context: the library's continuations go where they belong.
    /// </summary>
    public static async Task RunAsync(Func<Task> test)
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        Task running;
        try
        {
            running = test();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        await running;
    }

    public async Task<(IConnection Client, IConnection Server)> ConnectAsync(IListener listener)
    {
        var accepting = listener.AcceptAsync().AsTask();
        var client = await UntilAsync(Transport.ConnectAsync(listener.LocalEndpoint));
        var server = await UntilAsync(accepting);
        Assert.NotNull(server);
        return (client, server);
    }

    private static async Task<bool> WithResultAsync(Task task)
    {
        await task;
        return true;
    }
}
