using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>The bytes of docs/spec/segment.md: what is on disk must not change without a new version.</summary>
public sealed class SegmentFormatTests
{
    private static readonly DirectoryEntry Entry = new(
        128, 65536, 0x11223344, 0, new Fingerprint(1, 2, 3, 4), new ChunkLocation(new(0x100000002), 192));

    [Fact]
    public void Superblock_that_a_power_cut_tore_is_one_or_the_other_and_a_flipped_bit_is_found()
    {
        var older = new Superblock(new(1, 2), 3, 5, 3, DeviceGeometry.For(4L << 30), 2L << 30, 1, new(6));
        var (one, other) = (new byte[Superblock.SizeBytes], new byte[Superblock.SizeBytes]);
        older.Write(one);
        var newer = older with { Sequence = 6, OpenCount = 4 };
        newer.Write(other);
        Assert.Null(Superblock.TryRead([.. one[..512], .. other[512..]], out var read));
        Assert.Equal(older, read);
        Assert.Null(Superblock.TryRead([.. other[..512], .. one[512..]], out read));
        Assert.Equal(newer, read);
        for (var bit = 0; bit < one.Length * 8; bit++)
        {
            one[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(Superblock.TryRead(one, out _) is not null, $"bit {bit}");
            one[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Superblock_golden_bytes()
    {
        var superblock = new Superblock(
            new(0x0102030405060708, 0x090A0B0C0D0E0F10), 0x1112131415161718, 5, 3, DeviceGeometry.For(4L << 30),
            2L << 30, 1, new(1_700_000_000_000_000_000));
        var bytes = new byte[Superblock.SizeBytes];
        superblock.Write(bytes);
        Assert.Equal(
            "436C61756465465301000000000000000102030405060708090A0B0C0D0E0F101817161514131211" +
            "05000000000000000300000000002000000010000000000000001010000000000000201000000000" +
            "000000400000000000000000010000000000008000000000010000000000000000002A36FE9C9717",
            Convert.ToHexString(bytes, 0, 120));
        Assert.Equal(-1, bytes.AsSpan(120..508).IndexOfAnyExcept((byte)0));
        Assert.Equal("F3A23948", Convert.ToHexString(bytes, 508, 4));
        Assert.Equal(-1, bytes.AsSpan(512..4092).IndexOfAnyExcept((byte)0));
        Assert.Equal(
            "15BE9008",
            Convert.ToHexString(bytes, 4092, 4));
        Assert.Null(Superblock.TryRead(bytes, out var read));
        Assert.Equal(superblock, read);
    }

    [Fact]
    public void Segment_table_entry_golden_bytes()
    {
        var entry = new SegmentTableEntry(new(0x100000002), PlaceState.Sealed, SegmentKind.Moved, 7);
        var bytes = new byte[SegmentTableEntry.SizeBytes];
        entry.Write(bytes, 513);
        Assert.Equal(
            "53454754010202000200000001000000070000000000000001020000000000000000000000000000" +
            "00000000000000000000000000000000000000000D4519E9",
            Convert.ToHexString(bytes));
        Assert.True(SegmentTableEntry.TryRead(bytes, 513, out var read));
        Assert.Equal(entry, read);
        Assert.False(SegmentTableEntry.TryRead(bytes, 514, out read));   // in another's stead
        Assert.Equal(default, read);
        Assert.True(SegmentTableEntry.TryRead(new byte[64], 1, out read));
        Assert.Equal(default, read);
    }

    [Fact]
    public void Directory_entry_golden_bytes()
    {
        var bytes = new byte[DirectoryEntry.SizeBytes];
        Entry.Write(bytes);
        Assert.Equal(
            "80000000000001004433221100010000000000000000000100000000000000020000000000000003" +
            "00000000000000040200000001000000C000000037C34CF3",
            Convert.ToHexString(bytes));
        Assert.True(DirectoryEntry.TryRead(bytes, out var read));
        Assert.Equal(Entry, read);
    }

    [Fact]
    public void Directory_trailer_golden_bytes()
    {
        var tail = new byte[SegmentDirectory.BytesFor(1)];
        SegmentDirectory.Write(tail, new(0x100000002), [Entry]);
        Assert.Equal(
            "5344495201000000020000000100000001000000C74B674800000000000000000000000000000000" +
            "0000000000000000000000000000000000000000B7195766",
            Convert.ToHexString(tail[^64..]));
    }

    [Fact]
    public void Every_flipped_bit_of_an_entry_and_a_trailer_is_found()
    {
        var table = new byte[64];
        new SegmentTableEntry(new(9), PlaceState.Open, SegmentKind.Chunks, 1).Write(table, 0);
        var directory = new byte[64];
        Entry.Write(directory);
        var tail = new byte[SegmentDirectory.BytesFor(1)];
        SegmentDirectory.Write(tail, new(9), [Entry]);
        for (var bit = 0; bit < 512; bit++)
        {
            Assert.False(SegmentTableEntry.TryRead(Flip(table, bit), 0, out _));
            Assert.False(DirectoryEntry.TryRead(Flip(directory, bit), out _));
            Assert.NotNull(SegmentDirectory.TryRead(Flip(tail, ((tail.Length - 128) * 8) + bit), new(9), 2 << 20, []));
            Assert.NotNull(SegmentDirectory.TryRead(Flip(tail, ((tail.Length - 64) * 8) + bit), new(9), 2 << 20, []));
        }
    }

    [Theory, InlineData(0), InlineData(1), InlineData(62), InlineData(63), InlineData(512)]
    public void A_directory_is_read_as_it_was_written(int count)
    {
        var entries = Enumerable.Range(0, count)
            .Select(i => Entry with { Slot = (uint)i * 64, StoredBytes = 100 }).ToList();
        var tail = new byte[SegmentDirectory.BytesFor(count)];
        SegmentDirectory.Write(tail, new(9), entries);
        var read = new List<DirectoryEntry>();
        Assert.Null(SegmentDirectory.TryRead(tail, new(9), 2 << 20, read));
        Assert.Equal(entries, read);
        Assert.Equal("directory of another segment", SegmentDirectory.TryRead(tail, new(8), 2 << 20, read));
    }

    private static byte[] Flip(byte[] bytes, int bit)
    {
        var flipped = (byte[])bytes.Clone();
        flipped[bit / 8] ^= (byte)(1 << (bit % 8));
        return flipped;
    }
}
