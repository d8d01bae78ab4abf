using System.Buffers.Binary;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;
using ClaudeFs.TestKit.Fuzzing;
using Xunit.Abstractions;

namespace ClaudeFs.DataPlane.Tests.Protocol;

/// <summary>Whatever comes in a frame is read or refused.</summary>
public sealed class FrameFuzzTests(ITestOutputHelper output)
{
    private const long SampleInputs = 300_000;

    private readonly BlockWrite[] _items = new BlockWrite[Limits.BlockPutItemsMax];
    private readonly ChunkLocation[] _locations = new ChunkLocation[Limits.BlockPutItemsMax];

    [Fact]
    public void Frames_and_their_payloads_are_read_or_refused()
    {
        var report = Fuzzer.Run(new("frames", Samples(), Parse) { Seal = Seal }, SampleInputs);
        output.WriteLine($"{report}");
        Assert.InRange(report.Accepted, 1, report.Inputs - 1);
    }

    private bool Parse(ReadOnlyMemory<byte> input)
    {
        if (FrameHeader.Read(input.Span, out var header) != FrameFault.None) return false;
        var payload = input[FrameHeader.SizeBytes..];
        if (header.PayloadBytes > payload.Length) return false;
        payload = payload[..(int)header.PayloadBytes];
        var checksum = payload.Length == 0 ? 0 : Crc32c.Compute(payload.Span);
        if (checksum != header.PayloadChecksum) return false;
        if (header.IsTraced && TraceContext.TryRead(payload.Span, out _)) payload = payload[TraceContext.SizeBytes..];
        return header.IsError ? RpcError.TryRead(payload.Span, out _) : ParsePayload(header, payload);
    }

    private bool ParsePayload(in FrameHeader header, ReadOnlyMemory<byte> payload)
    {
        var bytes = payload.Span;
        switch (header.Opcode)
        {
            case Opcode.Hello: return Hello.TryRead(bytes, out _);
            case Opcode.Goodbye: return RpcError.TryRead(bytes, out _);
            case Opcode.BlockPut when header.IsResponse:
                return BlockPutMessage.TryReadReply(bytes, _locations.AsSpan(0, 2), out _);
            case Opcode.BlockPut:
                return BlockPutMessage.TryReadCount(bytes, out var count)
                    && BlockPutMessage.TryReadItems(payload, _items.AsSpan(0, count));
            case Opcode.BlockRead: return BlockReadMessage.TryRead(bytes, out _);
            case Opcode.BlockReserve: return BlockSpaceMessage.TryReadReserve(bytes, out _);
            case Opcode.BlockSpace: return BlockSpaceMessage.TryReadSpace(bytes, out _);
            default: return OpcodeTable.TryFind(header.Opcode, out _);
        }
    }

    private static List<byte[]> Samples()
    {
        var hello = new byte[Hello.SizeBytesMax];
        var helloBytes = new Hello(1, 1, PeerRoles.Client, 2048, new(0x42), "mount").Write(hello);
        var error = new byte[RpcError.SizeBytesMax];
        var errorBytes = new RpcError(RpcErrorCode.Errno, FsError.ENOSPC, "full").Write(error);
        BlockWrite[] items =
            [new("hey"u8.ToArray(), 9, new(1, 2, 3, 4), 0), new("you there"u8.ToArray(), 8, default, 0)];
        var table = new byte[BlockPutMessage.TableBytes(2)];
        BlockPutMessage.WriteTable(items, table);
        byte[] put = [.. table, .. "heyyou there"u8];
        var reply = new byte[BlockPutMessage.ReplyBytes(2)];
        BlockPutMessage.WriteReply(new(3), [new(new(5), 6), new(new(5), 70)], reply);
        var read = new byte[BlockReadMessage.SizeBytes];
        new BlockReadMessage(new(new(5), 6), 7, 4096).Write(read);
        var space = new byte[BlockSpaceMessage.SpaceBytes];
        BlockSpaceMessage.WriteSpace(new(1 << 30, 1 << 20, 1 << 10), space);
        return
        [
            Frame(Opcode.NoOp, FrameFlags.None, []),
            Frame(Opcode.Heartbeat, FrameFlags.OneWay, []),
            Frame(Opcode.Hello, FrameFlags.None, hello.AsSpan(0, helloBytes)),
            Frame(Opcode.Goodbye, FrameFlags.OneWay, error.AsSpan(0, errorBytes)),
            Frame(Opcode.BlockRead, FrameFlags.Response | FrameFlags.Error, error.AsSpan(0, errorBytes)),
            Frame(Opcode.BlockPut, FrameFlags.None, put),
            Frame(Opcode.BlockPut, FrameFlags.Traced, [.. new byte[TraceContext.SizeBytes], .. put]),
            Frame(Opcode.BlockPut, FrameFlags.Response, reply),
            Frame(Opcode.BlockRead, FrameFlags.None, read),
            Frame(Opcode.BlockReserve, FrameFlags.None, read.AsSpan(0, BlockSpaceMessage.ReserveBytes)),
            Frame(Opcode.BlockSpace, FrameFlags.Response, space),
        ];
    }

    private static byte[] Frame(Opcode opcode, FrameFlags flags, ReadOnlySpan<byte> payload)
    {
        var bytes = new byte[FrameHeader.SizeBytes + payload.Length];
        new FrameHeader(opcode, flags, 77, (uint)payload.Length, 0, 0).Write(bytes);
        payload.CopyTo(bytes.AsSpan(FrameHeader.SizeBytes));
        Seal(bytes);
        return bytes;
    }

    private static void Seal(Span<byte> frame)
    {
        if (frame.Length < FrameHeader.SizeBytes) return;
        var payload = frame[FrameHeader.SizeBytes..];
        BinaryPrimitives.WriteInt32LittleEndian(frame[16..], payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[24..], payload.Length == 0 ? 0 : Crc32c.Compute(payload));
        BinaryPrimitives.WriteUInt32LittleEndian(frame[28..], Crc32c.Compute(frame[..28]));
    }
}
