using System.Globalization;
using System.Security.Cryptography;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.TestKit.Fuzzing;

/// <summary>
/// Gives changed good inputs to a parser. An input follows from seed and number: CLAUDEFS_SEED=S chooses the seed,
/// CLAUDEFS_INPUT=N runs that input alone. CLAUDEFS_TEST_LONG=1 runs ten million under a fresh seed.
/// </summary>
public static class Fuzzer
{
    private const long LongInputs = 10_000_000;
    private const int ChangesMax = 6;
    private const int ShownBytesMax = 512;
    private const int InputBytesMax = 16 * 1024;
    private static readonly TimeSpan InputTimeMax = TimeSpan.FromSeconds(30);

    private static readonly ulong[] InterestingNumbers =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0xFFFF, 0x10_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
        0x1_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF,
    ];

    private const int NoteEvery = 4096;

    /// <summary>
    /// Runs <paramref name="sampleInputs"/> inputs, or <paramref name="longInputs"/> when everything is to be run;
    /// throws at the first fault.
    /// </summary>
    public static FuzzReport Run(FuzzTarget target, long sampleInputs, long longInputs = LongInputs)
    {
        var seed = Number("CLAUDEFS_SEED")
            ?? (TestLength.IsLong ? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) : 1);
        var only = Number("CLAUDEFS_INPUT");
        var run = new FuzzRun(target, seed);
        var inputs = TestLength.IsLong ? longInputs : sampleInputs;
        var (first, last) = only is { } number ? ((long)number, (long)number + 1) : (0, inputs);
        var started = TimeProvider.System.GetTimestamp();
        using var watch = TimeProvider.System.CreateTimer(
            static state => ((FuzzRun)state!).FailIfStuck(), run, InputTimeMax, InputTimeMax);
        var progress = new Progress($"fuzz {target.Name}", TimeProvider.System);
        for (var input = first; input < last; input++)
        {
            run.Do(input);
            if (input % NoteEvery == 0) progress.Note(input, last, "inputs");
        }

        return new(target.Name, seed, last - first, run.Accepted, TimeProvider.System.GetElapsedTime(started),
            run.AllocatedMax);
    }

    private static ulong? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? ulong.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>One run: the bytes of the input in hand, and what was seen so far.</summary>
    private sealed class FuzzRun(FuzzTarget target, ulong seed)
    {
        private readonly byte[] _buffer = new byte[InputBytesMax];
        private long _input;
        private long _watched = -1;

        public long Accepted { get; private set; }

        public long AllocatedMax { get; private set; }

        public void Do(long input)
        {
            Volatile.Write(ref _input, input);
            var bytes = Make(input);
            var bound = target.AllocationBytesMax + (target.AllocationFactor * bytes.Length);
            var allocated = Parse(bytes);

            // The first time that a path is taken the runtime allocates for itself.
            if (allocated > bound) allocated = Parse(bytes);
            if (allocated > AllocatedMax) AllocatedMax = allocated;
            if (allocated > bound) throw Failure(bytes.Span, $"{allocated} bytes allocated for {bytes.Length}", null);
        }

        private long Parse(ReadOnlyMemory<byte> bytes)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                if (target.Parse(bytes)) Accepted++;
            }
            catch (Exception fault) when (fault is not FuzzFailureException)
            {
                throw Failure(bytes.Span, $"{fault.GetType().Name}: {fault.Message}", fault);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        /// <summary>A parser that does not end can only be told of from outside.</summary>
        public void FailIfStuck()
        {
            var input = Volatile.Read(ref _input);
            if (input == _watched) Environment.FailFast(Line($"still at it after {InputTimeMax}"));
            _watched = input;
        }

        private FuzzFailureException Failure(ReadOnlySpan<byte> input, string what, Exception? fault) =>
            new(Line($"{what} <- {Convert.ToHexString(input[..Math.Min(input.Length, ShownBytesMax)])}"), fault);

        private string Line(string what) => string.Create(
            CultureInfo.InvariantCulture, $"fuzz {target.Name}: CLAUDEFS_SEED={seed} CLAUDEFS_INPUT={_input}: {what}");

        private ReadOnlyMemory<byte> Make(long input)
        {
            var random = new FuzzRandom(seed ^ ((ulong)input * 0xD1342543DE82EF95));
            var sample = target.Samples[random.Next(target.Samples.Count)];
            sample.CopyTo(_buffer, 0);
            var length = sample.Length;
            for (var changes = random.Next(ChangesMax + 1); changes > 0; changes--) Change(ref random, ref length);
            if (target.Seal is { } seal && random.Next(2) == 0) seal(_buffer.AsSpan(0, length));
            return _buffer.AsMemory(0, length);
        }

        private void Change(ref FuzzRandom random, ref int length)
        {
            if (length == 0) length = 1 + random.Next(64);
            var at = random.Next(length);
            var rest = _buffer.AsSpan(at, length - at);
            switch (random.Next(9))
            {
                case 0 or 1: rest[0] ^= (byte)(1 << random.Next(8)); break;
                case 2: rest[0] = (byte)random.Next(); break;
                case 3 or 4: WriteNumber(ref random, rest); break;
                case 5: length = at; break;
                case 6: Insert(ref random, at, ref length); break;
                case 7: length -= Remove(ref random, rest); break;
                default: Splice(ref random, rest); break;
            }
        }

        private static void WriteNumber(ref FuzzRandom random, Span<byte> rest)
        {
            var number = InterestingNumbers[random.Next(InterestingNumbers.Length)] + (ulong)(random.Next(3) - 1);
            var bytes = Math.Min(rest.Length, 1 << random.Next(4));
            for (var i = 0; i < bytes; i++) rest[i] = (byte)(number >> (8 * i));
        }

        private void Insert(ref FuzzRandom random, int at, ref int length)
        {
            var bytes = Math.Min(1 + random.Next(32), _buffer.Length - length);
            _buffer.AsSpan(at, length - at).CopyTo(_buffer.AsSpan(at + bytes));
            for (var i = 0; i < bytes; i++) _buffer[at + i] = (byte)random.Next();
            length += bytes;
        }

        private static int Remove(ref FuzzRandom random, Span<byte> rest)
        {
            var bytes = Math.Min(1 + random.Next(16), rest.Length);
            rest[bytes..].CopyTo(rest);
            return bytes;
        }

        // Bytes of another sample, from anywhere in it.
        private void Splice(ref FuzzRandom random, Span<byte> rest)
        {
            var other = target.Samples[random.Next(target.Samples.Count)];
            var from = random.Next(other.Length);
            var bytes = Math.Min(1 + random.Next(64), Math.Min(rest.Length, other.Length - from));
            other.AsSpan(from, bytes).CopyTo(rest);
        }
    }
}
