using ClaudeFs.DataPlane.Transports;
using ClaudeFs.DataPlane.Transports.Memory;

namespace ClaudeFs.DataPlane.Tests.Transports;

public sealed class MemoryHarness : Harness, IAsyncDisposable
{
    private readonly ManualLoop _loop = new();
    private readonly ManualClock _clock = new();

    public MemoryHarness()
    {
        Network = new MemoryNetwork(_loop, _clock);
        Transport = new MemoryTransport(Network);
    }

    public MemoryNetwork Network { get; }

    public override ITransport Transport { get; }

    public override TimeProvider Time => _clock;

    public override Endpoint AnyEndpoint => new("silo", 0);

    public override Task<T> UntilAsync<T>(Task<T> task)
    {
        _loop.RunUntil(task);
        return task;
    }

    public override Task<IByteStream> ConnectRawAsync(Endpoint endpoint) =>
        Task.FromResult(Network.ConnectStream(endpoint));

    public void RunUntilIdle() => _loop.RunUntilIdle();

    /// <summary>Lets time pass, and everything happen that then happens.</summary>
    public void Advance(TimeSpan time)
    {
        _loop.RunUntilIdle();
        while (_clock.AdvanceToNext(ref time)) _loop.RunUntilIdle();
        _loop.RunUntilIdle();
    }

    public ValueTask DisposeAsync() => _loop.DisposeAsync();
}
