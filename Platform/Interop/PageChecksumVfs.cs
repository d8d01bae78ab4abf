using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Platform.Interop;

/// <summary>
/// A VFS of SQLite ("cfs") that ends each page of a database with its number and a CRC32C, and compares both when the
/// page is read: what the disk has changed is an I/O error with file and offset, never an answer. The last 8 bytes of
/// a page are reserved for that (byte 20 of the header says so); a database without them is read as it is. Pages in
/// the write-ahead log have checksums of SQLite's own. Form: docs/spec/data-directory.md.
/// </summary>
/// <remarks>
/// Everything but opening a database, reading and writing a page is the default VFS's: its structures are copied and
/// three functions replaced, which call it. Unsafe: the tables are C structures, sqlite3_vfs and sqlite3_io_methods
/// (sqlite.org/c3ref); SQLite keeps them for the life of the process.
/// </remarks>
public static unsafe partial class PageChecksumVfs
{
    /// <summary>By what name a connection asks for it.</summary>
    public const string VfsName = "cfs";

    /// <summary>Bytes at the end of each page.</summary>
    public const int ReservedBytes = 8;

    private const int VfsBytes = 168;
    private const int MethodsBytes = 19 * 8;
    private const int FileSizeOffset = 4;
    private const int NameOffset = 24;
    private const int OpenOffset = 40;
    private const int ReadOffset = 16;
    private const int WriteOffset = 24;
    private const int MethodsVersion = 2;   // without memory-mapped pages, which nobody would compare
    private const int StateBytes = 8;
    private const int ReservedAt = 20;
    private const int HeaderBytes = 100;
    private const int PageBytesMin = 512;
    private const uint PendingByte = 0x40000000;
    private const int MainDatabase = 0x100;
    private const int Ok = 0;
    private const int DataFault = 10 | (32 << 8);   // SQLITE_IOERR_DATA
    private const int FilePointerControl = 7;       // SQLITE_FCNTL_FILE_POINTER
    private const int ReserveBytesControl = 38;     // SQLITE_FCNTL_RESERVE_BYTES

    private static readonly Lock Gate = new();
    private static byte* s_methods;
    private static byte* s_below;
    private static int s_belowFileBytes;
    private static delegate* unmanaged[Cdecl]<byte*, byte*, byte*, int, int*, int> s_open;
    private static delegate* unmanaged[Cdecl]<byte*, byte*, int, long, int> s_read;
    private static delegate* unmanaged[Cdecl]<byte*, byte*, int, long, int> s_write;
    [ThreadStatic]
    private static string? t_fault;

    private static ReadOnlySpan<byte> Name => "cfs\0"u8;

    private static ReadOnlySpan<byte> Magic => "SQLite format 3\0"u8;

    /// <summary>Makes the VFS known to SQLite; again costs nothing. It is not the default one.</summary>
    public static void Register()
    {
        lock (Gate)
        {
            if (s_below != null) return;
            var below = sqlite3_vfs_find(null);
            Invariant.That(below != null);
            var vfs = (byte*)NativeMemory.AllocZeroed(VfsBytes);
            NativeMemory.Copy(below, vfs, VfsBytes);
            s_belowFileBytes = *(int*)(below + FileSizeOffset);
            s_open = *(delegate* unmanaged[Cdecl]<byte*, byte*, byte*, int, int*, int>*)(below + OpenOffset);
            *(int*)(vfs + FileSizeOffset) = s_belowFileBytes + StateBytes;
            *(byte**)(vfs + NameOffset) = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Name));
            *(delegate* unmanaged[Cdecl]<byte*, byte*, byte*, int, int*, int>*)(vfs + OpenOffset) = &Open;
            s_below = below;
            Invariant.That(sqlite3_vfs_register(vfs, 0) == Ok);
        }
    }

    /// <summary>Has a new database, or one that is copied by VACUUM, keep room for the checksums.</summary>
    /// <param name="database">Handle of the connection (sqlite3*).</param>
    public static void Reserve(nint database)
    {
        var bytes = ReservedBytes;
        Invariant.That(sqlite3_file_control(database, null, ReserveBytesControl, &bytes) == Ok);
    }

    /// <summary>What the last page read on this thread that did not fit was; forgotten with the call.</summary>
    public static string? TakeFault()
    {
        var fault = t_fault;
        t_fault = null;
        return fault;
    }

    /// <summary>
    /// Whether the pages of a database have checksums: false too when the byte that says so is damaged. Reads by the
    /// connection's own file: to close another descriptor of it would end every lock (fcntl) that SQLite has there,
    /// and a program that only looks at the database would then take its log away.
    /// </summary>
    /// <param name="database">Handle of the connection (sqlite3*).</param>
    public static bool HasChecksums(nint database)
    {
        byte* file;
        Invariant.That(sqlite3_file_control(database, null, FilePointerControl, &file) == Ok);
        var read = *(delegate* unmanaged[Cdecl]<byte*, byte*, int, long, int>*)(*(byte**)file + ReadOffset);
        var header = stackalloc byte[HeaderBytes];
        return read(file, header, HeaderBytes, 0) == Ok && header[ReservedAt] == ReservedBytes;
    }

    /// <summary>
    /// Whether a page is the one that holds the bytes of SQLite's locks (at 1 GiB), and is never written. Source:
    /// sqlite.org/fileformat2.html, "The Lock-Byte Page".
    /// </summary>
    public static bool IsNeverWritten(uint number, int pageBytes) => number == (PendingByte / (uint)pageBytes) + 1;

    /// <summary>Whether a page ends with its number and checksum.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> page, uint number) =>
        BinaryPrimitives.ReadUInt32LittleEndian(page[^8..]) == number
        && BinaryPrimitives.ReadUInt32LittleEndian(page[^4..]) == Crc32c.Compute(page[..^4]);

    /// <summary>Ends a page with its number and checksum.</summary>
    public static void Seal(Span<byte> page, uint number)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(page[^8..], number);
        BinaryPrimitives.WriteUInt32LittleEndian(page[^4..], Crc32c.Compute(page[..^4]));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Open(byte* vfs, byte* name, byte* file, int flags, int* outFlags)
    {
        var result = s_open(s_below, name, file, flags, outFlags);
        if (result != Ok || (flags & MainDatabase) == 0) return result;
        var methods = *(byte**)file;
        lock (Gate)
        {
            if (s_methods == null) CopyMethods(methods);
        }

        // Of another table of methods (a file system without locks) nothing is compared: it is not what is used here.
        if (*(nint*)(methods + ReadOffset) != (nint)s_read) return result;
        *(byte**)file = s_methods;
        *(long*)(file + s_belowFileBytes) = 0;
        return Ok;
    }

    private static void CopyMethods(byte* methods)
    {
        s_read = *(delegate* unmanaged[Cdecl]<byte*, byte*, int, long, int>*)(methods + ReadOffset);
        s_write = *(delegate* unmanaged[Cdecl]<byte*, byte*, int, long, int>*)(methods + WriteOffset);
        var copy = (byte*)NativeMemory.AllocZeroed(MethodsBytes);
        NativeMemory.Copy(methods, copy, MethodsBytes);
        *(int*)copy = MethodsVersion;
        *(delegate* unmanaged[Cdecl]<byte*, byte*, int, long, int>*)(copy + ReadOffset) = &Read;
        *(delegate* unmanaged[Cdecl]<byte*, byte*, int, long, int>*)(copy + WriteOffset) = &Write;
        s_methods = copy;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Read(byte* file, byte* buffer, int bytes, long offset)
    {
        var result = s_read(file, buffer, bytes, offset);
        if (result != Ok) return result;
        var page = new ReadOnlySpan<byte>(buffer, bytes);
        Learn(file, page, offset);
        if (!IsPage(bytes, offset) || *(file + s_belowFileBytes) == 0) return Ok;
        if (IsWhole(page, NumberOf(bytes, offset))) return Ok;
        t_fault = string.Create(CultureInfo.InvariantCulture, $"the page at offset {offset} has a wrong checksum");
        return DataFault;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Write(byte* file, byte* buffer, int bytes, long offset)
    {
        var page = new Span<byte>(buffer, bytes);
        Learn(file, page, offset);
        if (IsPage(bytes, offset) && *(file + s_belowFileBytes) != 0)
        {
            // SQLite never looks at the reserved bytes, and the buffer is its copy of the page.
            Seal(page, NumberOf(bytes, offset));
        }

        return s_write(file, buffer, bytes, offset);
    }

    // The header of the database, which is read first, says whether its pages have room for a checksum.
    private static void Learn(byte* file, ReadOnlySpan<byte> bytes, long offset)
    {
        if (offset != 0 || bytes.Length < HeaderBytes || !bytes.StartsWith(Magic)) return;
        *(file + s_belowFileBytes) = bytes[ReservedAt] == ReservedBytes ? (byte)1 : (byte)0;
    }

    private static bool IsPage(int bytes, long offset) =>
        bytes >= PageBytesMin && (bytes & (bytes - 1)) == 0 && offset % bytes == 0;

    private static uint NumberOf(int bytes, long offset) => (uint)(offset / bytes) + 1;

    [LibraryImport("e_sqlite3")]
    private static partial byte* sqlite3_vfs_find(byte* name);

    [LibraryImport("e_sqlite3")]
    private static partial int sqlite3_vfs_register(byte* vfs, int makeDefault);

    [LibraryImport("e_sqlite3")]
    private static partial int sqlite3_file_control(nint database, byte* name, int operation, void* argument);
}
