using System.Text;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Tests.Protocol;

public sealed class MessageTests
{
    [Fact]
    public void A_greeting_has_its_golden_bytes()
    {
        var hello = new Hello(1, 1, PeerRoles.Client, 2048, new SessionId(0x42), "mount");
        var bytes = new byte[Hello.SizeBytesMax];
        var length = hello.Write(bytes);
        Assert.Equal("0101020500080000420000000000000" + "06D6F756E74", Convert.ToHexString(bytes.AsSpan(0, length)));
        Assert.True(Hello.TryRead(bytes.AsSpan(0, length), out var read));
        Assert.Equal(hello, read);
        Assert.False(Hello.TryRead(bytes.AsSpan(0, length + 1), out _));
    }

    [Fact]
    public void An_error_has_its_golden_bytes_and_cuts_long_text_between_characters()
    {
        var bytes = new byte[RpcError.SizeBytesMax];
        var length = new RpcError(RpcErrorCode.Errno, FsError.ENOSPC, "full").Write(bytes);
        Assert.Equal("010004001C00000066756C6C", Convert.ToHexString(bytes.AsSpan(0, length)));
        Assert.True(RpcError.TryRead(bytes.AsSpan(0, length), out var read));
        Assert.Equal(new RpcError(RpcErrorCode.Errno, FsError.ENOSPC, "full"), read);

        length = new RpcError(RpcErrorCode.Faulted, "x" + new string('é', 1000)).Write(bytes);
        Assert.True(RpcError.TryRead(bytes.AsSpan(0, length), out read));
        Assert.Equal("x" + new string('é', 255), read!.Text);
    }

    [Fact]
    public void Every_error_code_has_an_errno() => Assert.All(
        Enum.GetValues<RpcErrorCode>(),
        code => Assert.Equal(code == RpcErrorCode.None, RpcErrorMap.ToErrno(code) == FsError.None));

    [Fact]
    public void Block_messages_have_their_golden_bytes()
    {
        var read = new byte[BlockReadMessage.SizeBytes];
        new BlockReadMessage(new ChunkLocation(new SegmentId(5), 6), 7, 4096).Write(read);
        Assert.Equal("050000000000000006000000070000000010000000000000", Convert.ToHexString(read));

        var write = new BlockWrite("hey"u8.ToArray(), 9, new Fingerprint(1, 2, 3, 4), 1);
        var table = new byte[BlockPutMessage.TableBytes(1)];
        BlockPutMessage.WriteTable([write], table);
        Assert.Equal(
            "0100000000000000" + "030000000900000001000000"
            + "0000000000000001000000000000000200000000000000030000000000000004",
            Convert.ToHexString(table));

        var reply = new byte[BlockPutMessage.ReplyBytes(1)];
        BlockPutMessage.WriteReply(new PutReply(3), [new ChunkLocation(new SegmentId(5), 6)], reply);
        Assert.Equal(
            "03000000000000000100000000000000" + "05000000000000000600000000000000", Convert.ToHexString(reply));

        var space = new byte[BlockSpaceMessage.SpaceBytes];
        BlockSpaceMessage.WriteSpace(new StoreSpace(1, 2, 3), space);
        Assert.Equal("010000000000000002000000000000000300000000000000", Convert.ToHexString(space));
    }

    [Fact]
    public void A_batch_is_read_as_it_was_written()
    {
        var random = new Random(5);
        for (var round = 0; round < 200; round++)
        {
            var items = Enumerable.Range(0, random.Next(20)).Select(i => new BlockWrite(
                Encoding.ASCII.GetBytes(new string('x', random.Next(50))), (uint)random.Next(),
                new Fingerprint((ulong)i, 0, 0, 1), (byte)random.Next(3))).ToArray();
            var payload = new byte[BlockPutMessage.TableBytes(items.Length)];
            BlockPutMessage.WriteTable(items, payload);
            payload = [.. payload, .. items.SelectMany(item => item.Bytes.ToArray())];
            Assert.True(BlockPutMessage.TryReadCount(payload, out var count));
            var read = new BlockWrite[count];
            Assert.True(BlockPutMessage.TryReadItems(payload, read));
            Assert.Equal(items.Select(Describe), read.Select(Describe));
            Assert.False(BlockPutMessage.TryReadItems(payload.Append((byte)0).ToArray(), read));
        }
    }

    [Fact]
    public void Random_payloads_are_read_or_refused_and_never_more()
    {
        var random = new Random(6);
        var items = new BlockWrite[Limits.BlockPutItemsMax];
        var locations = new ChunkLocation[8];
        for (var i = 0; i < 300_000; i++)
        {
            var payload = new byte[random.Next(200)];
            random.NextBytes(payload);
            // Small numbers where counts and lengths stand, or nearly nothing gets past the first check.
            for (var at = 0; at + 4 <= payload.Length && i % 2 == 0; at += 4)
            {
                BitConverter.TryWriteBytes(payload.AsSpan(at), random.Next(6));
            }

            if (Hello.TryRead(payload, out var hello)) Assert.NotEmpty(hello!.Name);
            if (RpcError.TryRead(payload, out var error)) Assert.NotEqual(FsError.None, error!.Errno);
            if (BlockReadMessage.TryRead(payload, out var read)) Assert.InRange(read.Length, 1, Limits.SegmentBytes);
            if (BlockPutMessage.TryReadCount(payload, out var count))
            {
                Assert.InRange(BlockPutMessage.TableBytes(count), 0, payload.Length);
                if (BlockPutMessage.TryReadItems(payload, items.AsSpan(0, count)))
                {
                    var data = items[..count].Sum(item => item.Bytes.Length);
                    Assert.Equal(payload.Length, BlockPutMessage.TableBytes(count) + data);
                }
            }

            BlockPutMessage.TryReadReply(payload, locations.AsSpan(0, random.Next(8)), out _);
            if (BlockSpaceMessage.TryReadSpace(payload, out var space)) Assert.True(space.CapacityBytes >= 0);
            BlockSpaceMessage.TryReadReserve(payload, out _);
        }
    }

    private static string Describe(BlockWrite item) =>
        $"{Convert.ToHexString(item.Bytes.Span)} {item.Checksum} {item.Fingerprint} {item.Codec}";
}
