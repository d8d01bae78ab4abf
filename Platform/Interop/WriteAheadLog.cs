using System.Buffers.Binary;
using System.Numerics;
using Microsoft.Win32.SafeHandles;

namespace ClaudeFs.Platform.Interop;

/// <summary>What a write-ahead log of SQLite was found to be.</summary>
public enum WalState
{
    /// <summary>Whole, but for an end that was never committed.</summary>
    Sound,

    /// <summary>A bit had flipped, and was turned back.</summary>
    Mended,

    /// <summary>A frame is damaged, but all of them had been copied into the database: the log was put aside.</summary>
    Copied,

    /// <summary>
    /// A frame is damaged or was never written (a power cut), and none from there on was copied: the database is as it
    /// was before, and SQLite goes on from there.
    /// </summary>
    Cut,

    /// <summary>A frame is damaged while the frames were being copied: the database is of two times.</summary>
    Mixed,
}

/// <summary>
/// Looks at the write-ahead log of a database that nobody has open, before SQLite does. SQLite takes the frames up to
/// the first that does not fit, and says nothing: where all were copied into the database already, as they are most of
/// the time, that would put old pages before the newer ones in the file. Each frame's checksum continues that of the
/// frame before, so frames after a damaged one are still known to be good. Source: sqlite.org/fileformat2.html.
/// </summary>
public sealed class WriteAheadLog
{
    private const int HeaderBytes = 32;
    private const int FrameHeaderBytes = 24;
    private const int SummedHeaderBytes = 8;
    private const int SaltAt = 8;
    private const int SumAt = 16;
    private const int HeaderSaltAt = 16;
    private const int HeaderSumAt = 24;
    private const int PageSizeAt = 8;
    private const int PageCountAt = 28;   // of the database's first page
    private const uint LittleEndianMagic = 0x377F0682;
    private const int VersionAt = 4;
    private const uint Version = 3007000;
    private const string Suffix = "-wal";
    private const string AsideSuffix = "-wal.damaged";

    private readonly string _database;
    private readonly byte[] _log;
    private readonly List<Frame> _frames = [];
    private int _pageBytes;

    private WriteAheadLog(string database)
    {
        _database = database;
        _log = File.ReadAllBytes(database + Suffix);
    }

    private int FrameBytes => FrameHeaderBytes + _pageBytes;

    private readonly record struct Frame(int Offset, uint Page, bool IsCommit, bool IsGood);

    /// <summary>
    /// Turns back flipped bits, and puts a damaged log aside that is not needed. Says what it was, and the first offset
    /// in it that did not fit.
    /// </summary>
    /// <param name="database">Path of the database; nobody has it open.</param>
    public static (WalState State, long OffsetBytes) Settle(string database)
    {
        if (!File.Exists(database) || !File.Exists(database + Suffix)) return (WalState.Sound, 0);
        var log = new WriteAheadLog(database);
        if (log._log.Length < HeaderBytes + FrameHeaderBytes) return (WalState.Sound, 0);
        var mended = log.Mend();
        if (mended >= 0) log.WriteBack();
        var (state, offset) = log.Judge();
        if (state == WalState.Copied) PutAside(database);
        return state == WalState.Sound && mended >= 0 ? (WalState.Mended, mended) : (state, offset);
    }

    /// <summary>
    /// Copies into the database what is whole of a log that is <see cref="WalState.Mixed"/>, and puts the log aside:
    /// then only pages whose newest frame is damaged are of an earlier time, or missing.
    /// </summary>
    /// <param name="database">Path of the database; nobody has it open.</param>
    public static void Complete(string database)
    {
        var log = new WriteAheadLog(database);
        log.Judge();
        using (var file = File.OpenHandle(database, System.IO.FileMode.Open, FileAccess.ReadWrite))
        {
            foreach (var frame in Newest(log._frames))
            {
                log.Put(file, frame.Page, log._log.AsSpan(frame.Offset + FrameHeaderBytes, log._pageBytes));
            }

            // A first page of an earlier time knows of fewer pages than there are.
            var first = new byte[log._pageBytes];
            RandomAccess.Read(file, first, 0);
            var isWhole = PageChecksumVfs.IsWhole(first, number: 1);
            BinaryPrimitives.WriteUInt32BigEndian(
                first.AsSpan(PageCountAt), (uint)(RandomAccess.GetLength(file) / log._pageBytes));
            if (isWhole) log.Put(file, page: 1, first);
            RandomAccess.FlushToDisk(file);
        }

        PutAside(database);
    }

    private void Put(SafeFileHandle file, uint page, ReadOnlySpan<byte> content)
    {
        var whole = content.ToArray();
        PageChecksumVfs.Seal(whole, page);
        RandomAccess.Write(file, whole, (long)(page - 1) * _pageBytes);
    }

    private static void PutAside(string database)
    {
        File.Move(database + Suffix, database + AsideSuffix, overwrite: true);
        File.Delete(database + "-shm");
    }

    // Only what was turned: a crash amid writing the whole anew would leave less than there was.
    private void WriteBack()
    {
        var before = File.ReadAllBytes(_database + Suffix);
        using var file = File.OpenHandle(_database + Suffix, System.IO.FileMode.Open, FileAccess.Write);
        for (var at = 0; at < before.Length; at++)
        {
            if (before[at] != _log[at]) RandomAccess.Write(file, _log.AsSpan(at, 1), at);
        }

        RandomAccess.FlushToDisk(file);
    }

    // Frames follow one another as long as they fit; a bit is turned back when the rest fits then. The first offset.
    private long Mend()
    {
        var first = -1L;
        if (!TryReadHeader())
        {
            if (!TryMendHeader()) return -1;
            first = 0;
        }

        var sum = SumOf(HeaderSumAt);
        for (var at = HeaderBytes; at + FrameBytes <= _log.Length; at += FrameBytes)
        {
            if (!IsGood(at, sum))
            {
                if (!TryMendFrame(at, sum)) break;
                if (first < 0) first = at;
            }

            sum = SumOf(at + SumAt);
        }

        return first;
    }

    private (WalState State, long OffsetBytes) Judge()
    {
        if (!TryReadHeader()) return JudgeHeaderless();
        var (sum, bad) = (SumOf(HeaderSumAt), -1);
        for (var at = HeaderBytes; at + FrameBytes <= _log.Length; at += FrameBytes)
        {
            var isGood = IsGood(at, sum);
            if (!isGood && bad < 0) bad = at;
            _frames.Add(new(at, Big(at), Big(at + 4) != 0, isGood));
            sum = SumOf(at + SumAt);
        }

        if (bad < 0) return (WalState.Sound, 0);

        // What an earlier use of the file left at its end is no part of it.
        var last = _frames.FindLastIndex(frame => frame.IsGood || HasSalts(frame.Offset));
        _frames.RemoveRange(last + 1, _frames.Count - last - 1);
        if (_frames.Count == 0) return (WalState.Sound, 0);
        var commit = _frames.FindIndex(frame => frame.Offset == bad);
        commit = (commit < 0 ? _frames.Count : commit) - 1;
        while (commit >= 0 && !_frames[commit].IsCommit) commit--;
        var beyond = Newest(_frames.Skip(commit + 1));
        if (beyond.Count == 0)
        {
            // The bad frame is all that was written since: it counts as copied when all before it was.
            if (!HasSalts(bad)) return (WalState.Sound, 0);
            return (commit >= 0 && Newest(_frames).TrueForAll(IsInDatabase) ? WalState.Copied : WalState.Cut, bad);
        }

        var copied = beyond.Count(frame => IsInDatabase(frame));
        if (copied == 0)
        {
            // A transaction that was not finished is how a log ends; good frames beyond a bad one are not.
            var hasLater = _frames.Exists(frame => frame.IsGood && frame.Offset > bad);
            return (hasLater || HasSalts(bad) ? WalState.Cut : WalState.Sound, bad);
        }

        return (Newest(_frames).TrueForAll(IsInDatabase) ? WalState.Copied : WalState.Mixed, bad);
    }

    // Without the header no frame is known to be of this log; SQLite takes none of them.
    private (WalState State, long OffsetBytes) JudgeHeaderless()
    {
        if (_pageBytes == 0) return (WalState.Cut, 0);
        var sum = SumOf(HeaderSumAt);
        for (var at = HeaderBytes; at + FrameBytes <= _log.Length; at += FrameBytes)
        {
            var isOfFirst = _log.AsSpan(at + SaltAt, 8).SequenceEqual(_log.AsSpan(HeaderBytes + SaltAt, 8));
            if (isOfFirst && IsSummed(at, sum)) _frames.Add(new(at, Big(at), Big(at + 4) != 0, IsGood: true));
            sum = SumOf(at + SumAt);
        }

        var newest = Newest(_frames);
        var copied = newest.Count(frame => IsInDatabase(frame));
        return (copied == 0 ? WalState.Cut : copied == newest.Count ? WalState.Copied : WalState.Mixed, 0);
    }

    private static List<Frame> Newest(IEnumerable<Frame> frames) =>
    [
        .. frames.GroupBy(static frame => frame.Page).Select(static group => group.Last())
            .Where(static last => last.IsGood),
    ];

    private bool IsInDatabase(Frame frame)
    {
        using var file = File.OpenHandle(_database, System.IO.FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var page = new byte[_pageBytes];
        if (RandomAccess.Read(file, page, (long)(frame.Page - 1) * _pageBytes) < _pageBytes) return false;
        var bytes = _pageBytes - PageChecksumVfs.ReservedBytes;   // the file alone has checksums there
        return page.AsSpan(0, bytes).SequenceEqual(_log.AsSpan(frame.Offset + FrameHeaderBytes, bytes));
    }

    private bool TryReadHeader()
    {
        var bytes = Big(PageSizeAt);
        if (bytes is >= 512 and <= 65536 && BitOperations.IsPow2(bytes)) _pageBytes = (int)bytes;
        return Big(0) == LittleEndianMagic && Big(VersionAt) == Version && _pageBytes == (int)bytes
            && Sum(_log.AsSpan(0, HeaderSumAt), default) == SumOf(HeaderSumAt);
    }

    private bool TryMendHeader()
    {
        for (var bit = 0; bit < HeaderBytes * 8; bit++)
        {
            _log[bit / 8] ^= (byte)(1 << (bit % 8));
            if (TryReadHeader() && IsGood(HeaderBytes, SumOf(HeaderSumAt))) return true;
            _log[bit / 8] ^= (byte)(1 << (bit % 8));
        }

        return false;
    }

    private bool IsGood(int at, (uint, uint) before) =>
        HasSalts(at) && IsSummed(at, before);

    private bool HasSalts(int at) => _log.AsSpan(at + SaltAt, 8).SequenceEqual(_log.AsSpan(HeaderSaltAt, 8));

    private bool IsSummed(int at, (uint, uint) before) => SumFrame(at, before) == SumOf(at + SumAt);

    private (uint, uint) SumFrame(int at, (uint, uint) before) => Sum(
        _log.AsSpan(at + FrameHeaderBytes, _pageBytes), Sum(_log.AsSpan(at, SummedHeaderBytes), before));

    private bool TryMendFrame(int at, (uint, uint) before)
    {
        // Of an earlier use of the file: the log ends here.
        var salts = BinaryPrimitives.ReadUInt64LittleEndian(_log.AsSpan(at + SaltAt))
            ^ BinaryPrimitives.ReadUInt64LittleEndian(_log.AsSpan(HeaderSaltAt));
        if (BitOperations.PopCount(salts) > 1) return false;
        if (salts != 0)
        {
            if (!IsSummed(at, before)) return false;
            _log.AsSpan(HeaderSaltAt, 8).CopyTo(_log.AsSpan(at + SaltAt));
            return true;
        }

        var ((found1, found2), (sum1, sum2)) = (SumFrame(at, before), SumOf(at + SumAt));
        var isSumWrong = BitOperations.PopCount(found1 ^ sum1) + BitOperations.PopCount(found2 ^ sum2) == 1;
        var next = at + FrameBytes;
        if (isSumWrong && (next + FrameBytes > _log.Length || !IsGood(next, (sum1, sum2))))
        {
            BinaryPrimitives.WriteUInt32BigEndian(_log.AsSpan(at + SumAt), found1);
            BinaryPrimitives.WriteUInt32BigEndian(_log.AsSpan(at + SumAt + 4), found2);
            return true;
        }

        return TryMendSummed(at, sum1 - found1, sum2 - found2);
    }

    // The sums are linear: a bit changes both by its worth, times what its word still goes through. Of the upper bits
    // several can have the same effect: then the page in the database says which it was, where it was copied already.
    private bool TryMendSummed(int at, uint missing1, uint missing2)
    {
        var (only, count) = ((Place: 0, Bit: 0u), 0);
        var (even, odd) = ((A: 1u, B: 1u), (A: 0u, B: 1u));
        for (var word = ((SummedHeaderBytes + _pageBytes) / 4) - 1; word >= 0; word--)
        {
            var place = at + (word * 4) + (word * 4 >= SummedHeaderBytes ? FrameHeaderBytes - SummedHeaderBytes : 0);
            var value = BinaryPrimitives.ReadUInt32LittleEndian(_log.AsSpan(place));
            var (a, b) = word % 2 == 0 ? even : odd;
            for (var bit = 0; bit < 32; bit++)
            {
                var worth = (value & (1u << bit)) == 0 ? 1u << bit : 0u - (1u << bit);
                if (worth * a != missing1 || worth * b != missing2) continue;
                only = (place, 1u << bit);
                count++;
                var isContent = place >= at + FrameHeaderBytes
                    && place < at + FrameBytes - PageChecksumVfs.ReservedBytes;
                if (!isContent) continue;   // which the database does not hold
                Turn(only.Place, only.Bit);
                if (IsInDatabase(new(at, Big(at), IsCommit: false, IsGood: true))) return true;
                Turn(only.Place, only.Bit);
            }

            if (word % 2 != 0) continue;
            even = (even.A + even.B, even.A + (2 * even.B));
            odd = (odd.A + odd.B, odd.A + (2 * odd.B));
        }

        if (count == 1) Turn(only.Place, only.Bit);
        return count == 1;
    }

    private void Turn(int place, uint bit)
    {
        var word = _log.AsSpan(place);
        BinaryPrimitives.WriteUInt32LittleEndian(word, BinaryPrimitives.ReadUInt32LittleEndian(word) ^ bit);
    }

    private uint Big(int at) => BinaryPrimitives.ReadUInt32BigEndian(_log.AsSpan(at));

    private (uint, uint) SumOf(int at) => (Big(at), Big(at + 4));

    private static (uint, uint) Sum(ReadOnlySpan<byte> bytes, (uint First, uint Second) sum)
    {
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            sum.First += BinaryPrimitives.ReadUInt32LittleEndian(bytes) + sum.Second;
            sum.Second += BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]) + sum.First;
        }

        return sum;
    }
}
