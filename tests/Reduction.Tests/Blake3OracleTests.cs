using System.ComponentModel;
using System.Diagnostics;
using ClaudeFs.Reduction.Hashing;

namespace ClaudeFs.Reduction.Tests;

/// <summary>Against b3sum, the BLAKE3 team's own program, as Debian packages it.</summary>
public sealed class Blake3OracleTests : IDisposable
{
    private const int Files = 120;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("b3sum-oracle-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Hash_agrees_with_b3sum_on_random_lengths() => Compare([], [], Blake3.Hash);

    [Fact]
    public void KeyedHash_agrees_with_b3sum_on_random_lengths()
    {
        var key = new byte[Blake3.KeyBytes];
        new Random(41).NextBytes(key);
        Compare(["--keyed"], key, (input, hash) => Blake3.KeyedHash(key, input, hash));
    }

    [Fact]
    public void DeriveKey_agrees_with_b3sum_on_random_lengths()
    {
        const string Context = "oracle of the tests: größer als ASCII";
        Compare(["--derive-key", Context], [], (input, hash) => Blake3.DeriveKey(Context, input, hash));
    }

    private delegate void HashFunction(ReadOnlySpan<byte> input, Span<byte> hash);

    private void Compare(string[] options, byte[] standardInput, HashFunction function)
    {
        var random = new Random(40);
        var expected = new List<string>();
        var paths = new List<string>();
        var hash = new byte[Blake3.HashBytes];
        for (var i = 0; i < Files; i++)
        {
            // Lengths of every magnitude up to 1 MiB, so that short inputs are as likely as long ones.
            var input = new byte[random.Next(1 << random.Next(1, 21))];
            random.NextBytes(input);
            var path = Path.Combine(_directory.FullName, $"{i:d4}-{input.Length}");
            File.WriteAllBytes(path, input);
            paths.Add(path);
            function(input, hash);
            expected.Add($"{Convert.ToHexStringLower(hash)}  {path}");
        }

        Assert.Equal(expected, RunB3Sum([.. options, .. paths], standardInput));
    }

    private static string[] RunB3Sum(string[] arguments, byte[] standardInput)
    {
        var start = new ProcessStartInfo("b3sum", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.BaseStream.Write(standardInput);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }
        catch (Win32Exception)
        {
            Assert.Fail("b3sum is missing: apt-get install b3sum");
            throw;
        }
    }
}
