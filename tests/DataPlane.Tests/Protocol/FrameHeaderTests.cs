using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Tests.Protocol;

public sealed class FrameHeaderTests
{
    // The example of docs/spec/frame.md, computed by hand and with another implementation of CRC-32C.
    private const string GoldenHex =
        "FF5346430100000108070605040302010300000088130000";

    private static readonly FrameHeader Golden = new(
        Opcode.GrainCall, FrameFlags.None, 0x0102030405060708, 3, 5000, Crc32c.Compute("abc"u8));

    [Fact]
    public void Write_gives_the_golden_bytes()
    {
        var bytes = new byte[FrameHeader.SizeBytes];
        Golden.Write(bytes);
        Assert.Equal(GoldenHex + "B73F4B36" + "1A559A31", Convert.ToHexString(bytes));
        Assert.True(FrameHeader.TryRead(bytes, out var header));
        Assert.Equal(Golden, header);
    }

    [Fact]
    public void Every_sound_header_is_read_as_it_was_written()
    {
        var random = new Random(1);
        var bytes = new byte[FrameHeader.SizeBytes];
        for (var i = 0; i < 100_000; i++)
        {
            var flags = (FrameFlags)random.Next(128);
            if ((flags & FrameFlags.Response) != 0) flags &= ~FrameFlags.OneWay;
            else flags &= ~FrameFlags.Error;
            var header = new FrameHeader(
                (Opcode)random.Next(65536), flags, (ulong)random.NextInt64(),
                (uint)random.Next(TraceContext.SizeBytes, Limits.FramePayloadBytesMax + 1), (uint)random.Next(),
                (uint)random.Next());
            header.Write(bytes);
            Assert.Equal(FrameFault.None, FrameHeader.Read(bytes, out var read));
            Assert.Equal(header, read);
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(FrameHeader.SizeBytes - 1)]
    public void TryRead_refuses_a_short_buffer(int length)
    {
        Assert.False(FrameHeader.TryRead(new byte[length], out var header));
        Assert.Equal(default, header);
    }

    [Theory]
    [InlineData(FrameFlags.Error)]
    [InlineData(FrameFlags.Response | FrameFlags.OneWay)]
    [InlineData((FrameFlags)128)]
    [InlineData(FrameFlags.Traced)]
    public void Flags_that_mean_nothing_are_refused(FrameFlags flags)
    {
        var bytes = new byte[FrameHeader.SizeBytes];
        new FrameHeader(Opcode.NoOp, flags, 1, 3, 0, 0).Write(bytes);
        Assert.Equal(FrameFault.BadFlags, FrameHeader.Read(bytes, out _));
    }

    [Fact]
    public void A_payload_at_the_limit_is_taken_and_one_byte_more_refused()
    {
        var bytes = new byte[FrameHeader.SizeBytes];
        new FrameHeader(Opcode.NoOp, FrameFlags.None, 1, Limits.FramePayloadBytesMax, 0, 0).Write(bytes);
        Assert.Equal(FrameFault.None, FrameHeader.Read(bytes, out _));
        BitConverter.TryWriteBytes(bytes.AsSpan(16), Limits.FramePayloadBytesMax + 1);
        BitConverter.TryWriteBytes(bytes.AsSpan(28), Crc32c.Compute(bytes.AsSpan(0, 28)));
        Assert.Equal(FrameFault.Oversize, FrameHeader.Read(bytes, out var header));
        Assert.Equal(default, header);
        Assert.Throws<InvariantException>(() => new FrameHeader(
            Opcode.NoOp, FrameFlags.None, 1, Limits.FramePayloadBytesMax + 1, 0, 0).Write(bytes));
    }

    [Fact]
    public void Any_single_flipped_bit_is_noticed()
    {
        var bytes = new byte[FrameHeader.SizeBytes];
        Golden.Write(bytes);
        for (var bit = 0; bit < FrameHeader.SizeBytes * 8; bit++)
        {
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(FrameHeader.TryRead(bytes, out _), $"bit {bit} was not noticed");
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Random_bytes_are_refused_without_allocating()
    {
        var random = new Random(2);
        var bytes = new byte[FrameHeader.SizeBytes + 8];
        var taken = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 400_000; i++)
        {
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                // Half of them get past magic and version.
                BitConverter.TryWriteBytes(bytes, FrameHeader.Magic);
                bytes[4] = 1;
            }

            if (FrameHeader.TryRead(bytes.AsSpan(0, random.Next(bytes.Length)), out _)) taken++;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
        Assert.Equal(0, taken);
    }

    [Fact]
    public void The_table_names_every_opcode_once()
    {
        var rows = OpcodeTable.All.ToArray();
        Assert.Equal(Enum.GetValues<Opcode>().Order(), rows.Select(row => row.Opcode).Order());
        Assert.Equal(rows.Length, rows.Select(row => row.MetricName).Distinct().Count());
        Assert.Equal(Enumerable.Range(0, rows.Length), rows.Select(row => row.Index));
        Assert.All(rows, row => Assert.NotEqual(PeerRoles.None, row.Callers));
        Assert.False(OpcodeTable.TryFind((Opcode)0xFFFF, out _));
    }
}
