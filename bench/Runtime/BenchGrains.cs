using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Bench.Runtime;

/// <summary>An argument that does not change.</summary>
[GenerateSerializer, Immutable, Alias("bench.name")]
public sealed record BenchName(string Text);

/// <summary>What is measured.</summary>
[Alias("bench.grain")]
public interface IBenchGrain : IGrainWithIntegerKey
{
    /// <summary>The shape of a metadata operation: an immutable argument, a number, a result value.</summary>
    ValueTask<FsResult<ulong>> CallAsync(BenchName name, ulong number);

    /// <summary>Calls another grain so often, and gives back the nanoseconds of each call by
    /// <paramref name="batch"/>.</summary>
    Task<double[]> CallOtherAsync(long other, int batches, int batch);

    /// <summary>Waits for the next <see cref="ReleaseAsync"/>, as an operation waits for its commit.</summary>
    ValueTask<FsResult<ulong>> WaitAsync(BenchName name, ulong number);

    /// <summary>Releases all that wait.</summary>
    ValueTask ReleaseAsync();
}

/// <summary>The grain.</summary>
[Reentrant]
public sealed class BenchGrain : Grain, IBenchGrain
{
    private ulong _sum;
    private TaskCompletionSource _commit = new();

    /// <inheritdoc/>
    public ValueTask<FsResult<ulong>> CallAsync(BenchName name, ulong number)
    {
        _sum += number;
        return new(_sum);
    }

    /// <inheritdoc/>
    public async Task<double[]> CallOtherAsync(long other, int batches, int batch)
    {
        var grain = GrainFactory.GetGrain<IBenchGrain>(other);
        var name = new BenchName("a");
        var result = new double[batches];
        for (var i = 0; i < batches; i++)
        {
            var start = System.Diagnostics.Stopwatch.GetTimestamp();
            for (var j = 0; j < batch; j++)
            {
                await grain.CallAsync(name, 1);
            }

            result[i] = System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalNanoseconds / batch;
        }

        return result;
    }

    /// <inheritdoc/>
    public ValueTask<FsResult<ulong>> WaitAsync(BenchName name, ulong number) => AfterCommitAsync(number);

    /// <inheritdoc/>
    public ValueTask ReleaseAsync()
    {
        var commit = _commit;
        _commit = new TaskCompletionSource();
        commit.SetResult();
        return default;
    }

    private async ValueTask<FsResult<ulong>> AfterCommitAsync(ulong number)
    {
        await _commit.Task;
        return number;
    }
}
