using System.Buffers;
using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Abi;

/// <summary>
/// Page-aligned native memory for one request and its reply. A request is received so that the bytes of a WRITE begin
/// on a page; a reply is laid so that the bytes of a READ do. Who holds it, its request, returns it to the pool or
/// disposes it.
/// </summary>
/// <remarks>Unsafe: a Memory over native memory needs a manager that makes spans from a pointer.</remarks>
internal sealed unsafe class RequestBuffer : MemoryManager<byte>
{
    private const int PageBytes = 4096;
    private const int RequestHeaderBytes = 40 + 40; // fuse_in_header + fuse_write_in
    private const int ReplyHeaderBytes = 16;
    private const int Bytes = PageBytes + Limits.FuseRequestBytesMax;

    private byte* _memory;

    public RequestBuffer()
    {
        _memory = (byte*)NativeMemory.AlignedAlloc(Bytes, PageBytes);
        GC.AddMemoryPressure(PageBytes);
    }

    /// <summary>Where a request is received.</summary>
    public Span<byte> Request => GetSpan()[(PageBytes - RequestHeaderBytes)..];

    /// <summary>Where the reply's header goes, with all the room behind it. It overlaps the request from its 65th byte
    /// on.</summary>
    public Span<byte> Reply => GetSpan()[(PageBytes - ReplyHeaderBytes)..];

    /// <summary>The bytes of the reply behind the header; also those of a WRITE.</summary>
    public Memory<byte> Payload => CreateMemory(PageBytes, Limits.FuseRequestBytesMax);

    /// <summary>Part of the request as memory. Offset 0 is the request's first byte.</summary>
    public ReadOnlyMemory<byte> RequestMemory(int offset, int count) =>
        CreateMemory(PageBytes - RequestHeaderBytes + offset, count);

    public override Span<byte> GetSpan()
    {
        ObjectDisposedException.ThrowIf(_memory == null, this);
        return new(_memory, Bytes);
    }

    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ObjectDisposedException.ThrowIf(_memory == null, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)Bytes);
        return new(_memory + elementIndex, pinnable: this);
    }

    public override void Unpin()
    {
        // Native memory does not move.
    }

    protected override void Dispose(bool disposing)
    {
        if (_memory == null) return;
        NativeMemory.AlignedFree(_memory);
        GC.RemoveMemoryPressure(PageBytes);
        _memory = null;
    }
}
