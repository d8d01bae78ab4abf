namespace ClaudeFs.BlockStore.Bench;

/// <summary>One measured phase, beside the same work on the raw file in the same run.</summary>
/// <param name="Phase">What was done.</param>
/// <param name="Unit">Unit of both figures.</param>
/// <param name="Store">The block store.</param>
/// <param name="Raw">The preallocated file, O_DIRECT, same sizes and depth.</param>
internal sealed record Result(string Phase, string Unit, double Store, double Raw)
{
    public double Ratio => Math.Round(Store / Raw, 3);
}
