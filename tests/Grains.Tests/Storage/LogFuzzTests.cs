using System.Buffers.Binary;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Fuzzing;
using Xunit.Abstractions;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>
/// Appends of the log with anything in them are read or refused: no crash, no hang, no great allocation.
/// </summary>
public sealed class LogFuzzTests(ITestOutputHelper output)
{
    private const ulong FileSystem = 0x1122334455667788;
    private const long SampleInputs = 200_000;
    private const long SampleScans = 100;
    private const long LongScans = 20_000;

    [Fact]
    public void Appends_are_read_or_refused()
    {
        var simulated = SimulatedStore.Open(1);
        var (store, batch) = (simulated.Store, new ShardBatch());
        var report = Fuzzer.Run(new("log", Samples(), Parse) { Seal = Seal }, SampleInputs);
        output.WriteLine($"{report}");
        Assert.InRange(report.Accepted, 1, report.Inputs - 1);

        bool Parse(ReadOnlyMemory<byte> input)
        {
            try
            {
                if (!LogFormat.TryRead(input.Span, FileSystem, out var header)) return false;
                var body = input.Span[LogFormat.HeaderBytes..];
                if (header.BodyBytes > body.Length || Crc32c.Compute(body) != header.BodyChecksum) return false;
                var reader = new AppendReader(body, header.PartCount);
                while (reader.TryReadPart(out var part))
                {
                    for (var i = 0u; i < part.Count; i++)
                    {
                        batch.Clear();
                        OperationRecord.Read(reader.ReadOperation(), batch, store.Shards[part.Shard]);
                    }
                }

                return true;
            }
            catch (RecordFormatException)
            {
                return false;
            }
        }
    }

    /// <summary>The same bytes as a whole start meets them: scan, replay, tables.</summary>
    [Fact]
    public void A_start_reads_any_log_or_refuses_it()
    {
        var report = Fuzzer.Run(
            new("start", Samples(), Start) { Seal = Seal, AllocationBytesMax = 64 << 20 }, SampleScans, LongScans);
        output.WriteLine($"{report}");
        Assert.InRange(report.Accepted, 1, report.Inputs - 1);
    }

    private static bool Start(ReadOnlyMemory<byte> input)
    {
        var simulated = SimulatedStore.Open(2);
        var block = new byte[(int)LogFormat.PaddedBytes(Math.Max(0, input.Length - LogFormat.HeaderBytes))];
        input.Span.CopyTo(block);
        if (block.Length >= LogFormat.HeaderBytes)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(16), simulated.Identity.FileSystem);
            var checksum = Crc32c.Compute(block.AsSpan(0, LogFormat.HeaderBytes - sizeof(uint)));
            BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(LogFormat.HeaderBytes - sizeof(uint)), checksum);
        }

        simulated.Loops.Run(simulated.Device.WriteAsync(0, block));
        try
        {
            simulated.Kill();
        }
        catch (FsException)
        {
            return false;
        }

        var isWhole = simulated.Store.Statistics.LogUsedBytes > 0;
        simulated.Loops.Run(simulated.Store.DisposeAsync());
        return isWhole;
    }

    /// <summary>Appends with every kind of row, change and answer, one alone and all together.</summary>
    private static List<byte[]> Samples()
    {
        var operations = new List<byte[]>();
        foreach (var row in SampleRows.All)
        {
            var record = Head(withAnswer: operations.Count % 2 == 0);
            record.Byte((byte)ChangeKind.Put);
            RowCodec.Write(record, row);
            record.Byte((byte)ChangeKind.Delete);
            record.Byte((byte)row.Key.Kind);
            record.Signed(row.Key.Owner);
            record.Signed(row.Key.Item);
            operations.Add(record.Written.ToArray());
        }

        var splice = Head(withAnswer: false);
        splice.Byte((byte)ChangeKind.Splice);
        splice.Varint(77);
        splice.Varint(3);
        RowCodec.WritePieces(splice, SampleRows.Pieces.AsSpan());
        splice.Byte((byte)ChangeKind.Count);
        foreach (var number in (long[])[CounterKey.User(7).Value, 4096, -1]) splice.Signed(number);
        operations.Add(splice.Written.ToArray());
        return [.. operations.Select(operation => Append([operation])), Append(operations)];
    }

    private static RecordWriter Head(bool withAnswer)
    {
        var record = new RecordWriter();
        record.Byte((byte)OperationKind.ContentWritten);
        record.Byte(OperationRecord.Version);
        record.UInt64((ulong)SampleRows.Time.Nanoseconds);
        record.UInt64(0x77);
        foreach (var number in (ulong[])[5, 3, 1000, 100]) record.Varint(number);
        OperationRecord.WriteAnswer(
            record, withAnswer ? new StoredAnswerRow(new(0x77), 5, AnswerKind.Nothing, [], SampleRows.Time) : null);
        OperationRecord.WriteReferences(record, [new(new(new(9), 64), 60_000, 0xCAFEBABE, 1)]);
        return record;
    }

    private static byte[] Append(List<byte[]> operations)
    {
        var body = new RecordWriter();
        body.UInt32(0);
        body.UInt32((uint)operations.Count);
        body.UInt64(1);
        body.UInt64(1);
        foreach (var operation in operations)
        {
            body.UInt32((uint)operation.Length);
            body.Raw(operation);
        }

        var bytes = new byte[LogFormat.HeaderBytes + body.Length];
        body.Written.CopyTo(bytes.AsSpan(LogFormat.HeaderBytes));
        LogFormat.Write(bytes, new(FileSystem, 1, 0, 0, SampleRows.Time, (uint)body.Length, 1, 0));
        Seal(bytes);
        return bytes;
    }

    private static void Seal(Span<byte> append)
    {
        if (append.Length < LogFormat.HeaderBytes) return;
        var body = append[LogFormat.HeaderBytes..];
        BinaryPrimitives.WriteUInt32LittleEndian(append[56..], (uint)body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(append[60..], Crc32c.Compute(body));
        var checksum = append[(LogFormat.HeaderBytes - sizeof(uint))..];
        BinaryPrimitives.WriteUInt32LittleEndian(
            checksum, Crc32c.Compute(append[..(LogFormat.HeaderBytes - sizeof(uint))]));
    }
}
