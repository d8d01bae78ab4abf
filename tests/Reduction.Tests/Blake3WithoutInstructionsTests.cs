using System.Diagnostics;

namespace ClaudeFs.Reduction.Tests;

/// <summary>
/// Runs <see cref="Blake3Tests"/> in processes that may not use the widest instructions: the code of older processors.
/// </summary>
public class Blake3WithoutInstructionsTests
{
    [Theory, InlineData("DOTNET_EnableAVX512"), InlineData("DOTNET_EnableAVX2")]
    public async Task Blake3_tests_pass_without(string instructions)
    {
        const string Filter = $"--TestCaseFilter:FullyQualifiedName~.{nameof(Blake3Tests)}.";
        var start = new ProcessStartInfo("dotnet", ["vstest", typeof(Blake3Tests).Assembly.Location, Filter])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[instructions] = "0";
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.Contains("Passed", output, StringComparison.Ordinal);
    }
}
