using ClaudeFs.Grains.Storage;
using ClaudeFs.Grains.Storage.Log;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Tests.Storage;

/// <summary>Bytes of the log that must never change: docs/spec/log.md.</summary>
public class GoldenTests
{
    private static readonly Dictionary<RowKind, string> Rows = new()
    {
        [RowKind.Inode] = "010115cd853dfe9c9717cd80808080a00103a4830202e807640794b4e4f4cb038020090c00ff887a2a01",
        [RowKind.Dentry] = "020115cd853dfe9c97170100563412f0debc0acd80808080a00108056ec3a46d65",
        [RowKind.Extent] =
            "030115cd853dfe9c9717cd80808080a0010c048100808004010940e0d40300bebafeca00000000000000010000000000"
            + "00000200000000000000030000000000000004028080048020000a800180200c785634120380800880400480e03f8020",
        [RowKind.Inline] = "040115cd853dfe9c9717cd80808080a0010501020300ff",
        [RowKind.Xattr] = "050115cd853dfe9c9717cd80808080a00180e84809757365722e6d696d6503090807",
        [RowKind.Orphan] = "060115cd853dfe9c9717cd80808080a0010288776655443322110200000000000000",
        [RowKind.Session] = "070115cd853dfe9c9717887766554433227109686f73743a2f6d6e7401",
        [RowKind.SessionShard] = "080115cd853dfe9c97178877665544332271",
        [RowKind.Answer] = "090115cd853dfe9c97178877665544332271ac020100",
        [RowKind.Counter] = "0a0115cd853dfe9c9717c88180804009e0c508",
        [RowKind.Quota] = "0b0115cd853dfe9c9717d08f80802080808080048827",
        [RowKind.Shard] = "0c0115cd853dfe9c97170500804001",
    };

    [Fact]
    public void The_header_of_an_append_keeps_its_bytes()
    {
        var header = new LogHeader(0x1122334455667788, 7, 40960, 6, SampleRows.Time, 300, 2, 0xCAFEBABE);
        var bytes = new byte[LogFormat.HeaderBytes];
        LogFormat.Write(bytes, header);
        Assert.Equal(
            "4346534c4f47310001005000020000008877665544332211070000000000000000a00000000000000600000000000000"
            + "15cd853dfe9c97172c010000bebafeca000000000000000000000000861c4247", Convert.ToHexStringLower(bytes));
        Assert.True(LogFormat.TryRead(bytes, header.FileSystem, out var read));
        Assert.Equal(header, read);
        Assert.False(LogFormat.TryRead(bytes, header.FileSystem + 1, out _));
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            Assert.False(LogFormat.TryRead(bytes, header.FileSystem, out _));
            bytes[i] ^= 1;
        }
    }

    [Fact]
    public void Rows_keep_their_bytes()
    {
        foreach (var row in SampleRows.All)
        {
            var hex = SampleRows.Hex(row);
            Assert.Equal(Rows.GetValueOrDefault(row.Key.Kind), hex);
            var reader = new RecordReader(Convert.FromHexString(hex));
            var read = RowCodec.Read(ref reader);
            Assert.Equal(hex, SampleRows.Hex(read));
            Assert.Equal(row.GetType(), read.GetType());
        }

        Assert.Equal(Enum.GetValues<RowKind>().Length - 1, Rows.Count);
    }

    [Fact]
    public void An_operation_keeps_its_bytes_and_is_read_back_to_the_same_changes()
    {
        var simulated = SimulatedStore.Open(1);
        var shard = simulated.Shard();
        var batch = shard.Begin(SimulatedStore.Op(0x77, 5, 3), OperationKind.ContentWritten);
        batch.Stamp = SampleRows.Time;
        batch.Put(new InlineRow(new(20), [1, 2], batch.Stamp));
        batch.DeleteInline(new(21));
        batch.Splice(null, new(22), 1, [Scene.Piece(4096, 9)]);
        batch.AddCounter(CounterKey.User(1000), 4096, -1);
        batch.SetAnswer<Nothing>(Nothing.Value);
        batch.Seal();
        byte[] bytes = [.. batch.Head.Written, .. batch.Body.Written];
        Assert.Equal(
            "0a0115cd853dfe9c971777000000000000000503000001000109008020010000000201040115cd853dfe9c9717140201"
            + "0202042a000316010102802080200009008020000100000004d08f808020804001", Convert.ToHexStringLower(bytes));

        var read = new ShardBatch();
        OperationRecord.Read(bytes, read, shard);
        Assert.Equal(batch.Changes.Select(change => (change.Key, change.Row is null, change.Bytes, change.Inodes)),
            read.Changes.Select(change => (change.Key, change.Row is null, change.Bytes, change.Inodes)));
        Assert.Equal(batch.References, read.References);
        Assert.Equal(batch.Context, read.Context);
        Assert.Equal(batch.Kind, read.Kind);
    }

    [Theory, InlineData(0, 99), InlineData(1, 2)]
    public void A_row_of_another_kind_or_version_stops_the_reader(int at, byte value)
    {
        var bytes = Convert.FromHexString(SampleRows.Hex(SampleRows.All.First()));
        bytes[at] = value;
        var fault = Assert.Throws<RecordFormatException>(() =>
        {
            var reader = new RecordReader(bytes);
            RowCodec.Read(ref reader);
        });
        Assert.Contains("does not know", fault.Message);
    }

    [Fact]
    public void Numbers_in_the_log_are_never_used_again()
    {
        Assert.Equal(21, (int)OperationKind.EntriesLoaded);
        Assert.Equal(5, (int)AnswerKind.Renamed);
        Assert.Equal(4, (int)ChangeKind.Count);
        Assert.Equal(12, (int)RowKind.Shard);
    }
}
