using System.Buffers.Binary;
using System.Reflection;
using System.Runtime.CompilerServices;
using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Fuzzing;
using Xunit.Abstractions;

namespace ClaudeFs.Fuse.Tests.Operations;

/// <summary>Whatever comes, there is at most one answer, it has the protocol's form, and nothing is thrown.</summary>
public class FuzzTests(ITestOutputHelper output)
{
    private const long SampleInputs = 50_000;

    private const int Requests = 100_000;

    [Theory]
    [InlineData(1)]
    [InlineData(20261120)]
    public void Random_requests_are_answered_or_refused(int seed)
    {
        var random = new Random(seed);
        var fileSystem = DispatchProxy.Create<IFileSystem, CapriciousFileSystem>();
        ((CapriciousFileSystem)(object)fileSystem).Random = new Random(seed);
        using var bed = new RequestBed(fileSystem);
        for (var i = 0; i < Requests; i++)
        {
            var message = MakeRequest(random);
            var unique = message.Length >= 40 ? BinaryPrimitives.ReadUInt64LittleEndian(message.AsSpan(8)) : 0;
            var before = bed.Device.Count;
            Assert.True(bed.Deliver(message), $"seed {seed}, request {i}");
            var answers = bed.Device.Count - before;
            Assert.InRange(answers, 0, 1);
            if (answers == 0) continue;
            var header = bed.Device.LastHeader;
            Assert.Equal(((uint)bed.Device.LastLength, unique), (header.Length, header.Unique));
            Assert.InRange(-header.Error, 0, 511);
            if (header.Error != 0) Assert.Equal(16, bed.Device.LastLength);
        }

        Assert.Equal(0, bed.Session.Pool.Outstanding);
    }

    [Fact]
    public void Changed_requests_are_answered_or_refused()
    {
        var fileSystem = DispatchProxy.Create<IFileSystem, CapriciousFileSystem>();
        ((CapriciousFileSystem)(object)fileSystem).Random = new Random(1);
        using var bed = new RequestBed(fileSystem);
        FuzzReport? report = null;
        RequestBed.RunPlainly(() => report = Fuzzer.Run(
            new("fuse", Samples(bed), input => IsAnsweredOnce(bed, input.Span)) { Seal = Seal }, SampleInputs));
        output.WriteLine($"{report}");
        Assert.InRange(report!.Accepted, 1, report.Inputs - 1);
        Assert.Equal(0, bed.Session.Pool.Outstanding);
    }

    // Taken is what has an answer without an error.
    private static bool IsAnsweredOnce(RequestBed bed, ReadOnlySpan<byte> message)
    {
        var before = bed.Device.Count;
        Assert.True(bed.DeliverAsReader(message));
        var answers = bed.Device.Count - before;
        Assert.InRange(answers, 0, 1);
        if (answers == 0) return false;
        var header = bed.Device.LastHeader;
        Assert.Equal((uint)bed.Device.LastLength, header.Length);
        Assert.Equal(BinaryPrimitives.ReadUInt64LittleEndian(message[8..]), header.Unique);
        Assert.InRange(-header.Error, 0, 511);
        return header.Error == 0;
    }

    /// <summary>Each operation with arguments of every length that one has, and two names behind them.</summary>
    private static List<byte[]> Samples(RequestBed bed)
    {
        var samples = new List<byte[]>();
        foreach (var opcode in Enum.GetValues<FuseOpcode>())
        {
            for (var bytes = 0; bytes <= 88; bytes += 8)
            {
                samples.Add(bed.Build(opcode, 1, [.. new byte[bytes], .. "name\0other\0"u8]));
            }
        }

        return samples;
    }

    private static void Seal(Span<byte> message)
    {
        if (message.Length >= sizeof(int)) BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
    }

    private static byte[] MakeRequest(Random random)
    {
        // Half of them hold a name somewhere; one in ten lies about its length; one in ten is too short for a header.
        var message = new byte[random.Next(10) == 0 ? random.Next(40) : 40 + random.Next(120)];
        random.NextBytes(message);
        if (message.Length < 40) return message;
        if (random.Next(2) == 0) "name\0"u8[..Math.Min(5, message.Length - 40)].CopyTo(
            message.AsSpan(40 + random.Next(Math.Max(1, message.Length - 45))));
        if (random.Next(3) == 0) message.AsSpan(40).Clear();
        if (random.Next(10) != 0) BinaryPrimitives.WriteInt32LittleEndian(message, message.Length);
        BinaryPrimitives.WriteInt32LittleEndian(
            message.AsSpan(4), random.Next(10) == 0 ? random.Next() : random.Next(56));
        if (random.Next(10) != 0) message.AsSpan(36, 2).Clear(); // no extensions
        return message;
    }

    /// <summary>Succeeds with nothing, fails, or throws, as it likes.</summary>
    public class CapriciousFileSystem : DispatchProxy
    {
        public Random Random { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var type = targetMethod!.ReturnType;
            if (type == typeof(void)) return null;
            switch (Random.Next(8))
            {
                case 0: throw new FsException(FsError.ESTALE, "on purpose");
                case 1: throw new OperationCanceledException();
                case 2: throw new InvalidOperationException("on purpose");
                case 3: return Answer(type, Random.Next(-1, 200));
                default: return Answer(type, 0);
            }
        }

        // new ValueTask<FsResult<T>>(new FsResult<T>(default, error))
        private static object Answer(Type valueTask, int error)
        {
            var result = valueTask.GetGenericArguments()[0];
            var value = result.GetGenericArguments()[0];
            var empty = value.IsValueType ? RuntimeHelpers.GetUninitializedObject(value) : null;
            return Activator.CreateInstance(valueTask, Activator.CreateInstance(result, empty, (FsError)error))!;
        }
    }
}
