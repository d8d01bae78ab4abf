using System.Buffers.Binary;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.DataPlane.Storage.Index;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Fuzzing;
using Xunit.Abstractions;

namespace ClaudeFs.DataPlane.Tests.Storage;

/// <summary>Whatever a device and its index hold is read or refused.</summary>
public sealed class SegmentFuzzTests(ITestOutputHelper output)
{
    private const long SampleInputs = 200_000;
    private const int SegmentBytes = Limits.SegmentBytes;

    private enum Kind : byte
    {
        Superblock,
        TableEntry,
        Directory,
        IndexRow,
    }

    [Fact]
    public void Records_of_a_device_and_its_index_are_read_or_refused()
    {
        var entries = new List<DirectoryEntry>();
        var report = Fuzzer.Run(
            new("segments", Samples(), input => Parse(input, entries)) { Seal = Seal }, SampleInputs);
        output.WriteLine($"{report}");
        Assert.InRange(report.Accepted, 1, report.Inputs - 1);
    }

    // The first byte says what the rest is.
    private static bool Parse(ReadOnlyMemory<byte> input, List<DirectoryEntry> entries)
    {
        if (input.Length == 0) return false;
        var bytes = input.Span[1..];
        switch ((Kind)(input.Span[0] & 3))
        {
            case Kind.Superblock: return ParseSuperblock(bytes);
            case Kind.TableEntry:
                return bytes.Length >= SegmentTableEntry.SizeBytes && SegmentTableEntry.TryRead(bytes, 3, out _);
            case Kind.Directory:
                return bytes.Length >= SegmentDirectory.BytesFor(0)
                    && SegmentDirectory.TryRead(bytes, new(9), SegmentBytes, entries) is null;
            default:
                try
                {
                    var row = new SegmentRow(new(9), SegmentKind.Chunks, 3, true, bytes.ToArray());
                    return row.DecodeItems().Length > 0;
                }
                catch (FsException)
                {
                    return false;
                }
        }
    }

    // A layout that is taken must be one that can be computed with.
    private static bool ParseSuperblock(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Superblock.SizeBytes) return false;
        Superblock.IsBlankOrTorn(bytes);
        if (Superblock.TryRead(bytes, out var superblock) is not null) return false;
        var geometry = superblock.Geometry;
        var places = geometry.PlacesIn(geometry.CapacityBytes);
        Assert.InRange(geometry.PlacesIn(superblock.WrittenBytes), 0, places);
        if (places == 0) return true;
        var (zones, end) = (geometry.ZonesOffsetBytes, geometry.CapacityBytes);
        Assert.InRange(geometry.PlaceOffset(places - 1), zones, end - geometry.SegmentBytes);
        Assert.InRange(geometry.EntryOffset(places - 1), zones, end);
        return true;
    }

    private static List<byte[]> Samples()
    {
        var superblock = new byte[Superblock.SizeBytes];
        var geometry = DeviceGeometry.For(10L << 30);
        new Superblock(new(1, 2), 3, 4, 5, geometry, 4L << 30, 1, new(1_700_000_000_000_000_000)).Write(superblock);
        var entry = new byte[SegmentTableEntry.SizeBytes];
        new SegmentTableEntry(new(9), PlaceState.Sealed, SegmentKind.Located, 7).Write(entry, 3);
        List<DirectoryEntry> items =
        [
            new(0, 65_536, 1, 0, new(1, 2, 3, 4), new(new(9), 0)), new(1024, 4096, 2, 0, default, new(new(8), 64)),
        ];
        var directory = new byte[SegmentDirectory.BytesFor(items.Count)];
        SegmentDirectory.Write(directory, new(9), items);
        var row = new byte[8 + (2 * 28) + 4];
        row[0] = 1;
        row[4] = 2;
        for (var i = 8; i < row.Length; i++) row[i] = (byte)i;
        List<byte[]> samples =
        [
            [(byte)Kind.Superblock, .. superblock], [(byte)Kind.TableEntry, .. entry],
            [(byte)Kind.Directory, .. directory], [(byte)Kind.IndexRow, .. row],
        ];
        foreach (var sample in samples) Seal(sample);
        return samples;
    }

    private static void Seal(Span<byte> input)
    {
        if (input.Length == 0) return;
        var bytes = input[1..];
        var length = (Kind)(input[0] & 3) switch
        {
            Kind.Superblock => Superblock.SizeBytes,
            Kind.TableEntry => SegmentTableEntry.SizeBytes,
            _ => bytes.Length,
        };
        if (bytes.Length < length || length < 64) return;
        if ((Kind)(input[0] & 3) == Kind.Directory)
        {
            SealDirectory(bytes);
            bytes = bytes[^64..];
            length = 64;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(
            bytes[(length - sizeof(uint))..], Crc32c.Compute(bytes[..(length - sizeof(uint))]));
    }

    // Entries, then the checksum of them all in the trailer.
    private static void SealDirectory(Span<byte> tail)
    {
        var count = (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(tail[^48..]), (uint)((tail.Length / 64) - 1));
        for (var i = 1; i <= count; i++)
        {
            var entry = tail.Slice(tail.Length - (64 * (i + 1)), 64);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[60..], Crc32c.Compute(entry[..60]));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(tail[^44..], Crc32c.Compute(tail[^(64 * (count + 1))..^64]));
    }
}
