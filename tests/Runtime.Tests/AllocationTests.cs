using ClaudeFs.Runtime.Tests.Grains;

namespace ClaudeFs.Runtime.Tests;

/// <summary>Budget: 200 bytes a local call (docs/performance.md).</summary>
public sealed class AllocationTests : IAsyncLifetime
{
    private const int Calls = 10_000;
    private const long BytesPerCallMax = 200;
    private TestSilo _silo = null!;

    public async Task InitializeAsync() => _silo = await TestSilo.StartAsync();

    public async Task DisposeAsync() => await _silo.DisposeAsync();

    [Fact]
    public void A_local_call_in_line_allocates_little()
    {
        var name = new Name("a");
        Call(name);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Call(name);
        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Calls, 0, BytesPerCallMax);
    }

    private void Call(Name name)
    {
        for (var i = 0; i < Calls; i++)
        {
            var answer = _silo.Grains.GetGrain<ICounterGrain>(77).AddAsync(name, 1);
            Assert.True(answer.IsCompletedSuccessfully);
        }
    }
}
