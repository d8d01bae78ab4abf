using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// A request of the kernel with the memory for its reply; used again and again. A reader receives into it and starts
/// its handler; a handler that has to wait keeps it, and the reader goes on with another one.
/// </summary>
/// <remarks>
/// Arguments are read before the first await: the reply is laid over them. Answered once: by its handler or, at its
/// deadline, by <see cref="PendingRequests"/>; whoever claims it first sends, the other's answer is dropped.
/// </remarks>
internal sealed partial class FuseRequest : IDisposable
{
    private readonly FuseSession _session;
    private readonly RequestBuffer _buffer = new();
    private readonly Action _onHandled;
    private FuseInHeader _header;
    private NameCache _names = null!;
    private IFuseDevice _device = null!;
    private CancellationTokenSource _cancellation = new();
    private ValueTask _handling;
    private long _round;
    private int _position;
    private int _argumentsEnd;
    private int _isAnswered;

    internal FuseRequest(FuseSession session)
    {
        _session = session;
        _onHandled = OnHandled;
    }

    /// <summary>Where a reader receives the next request.</summary>
    internal Span<byte> ReceiveSpan => _buffer.Request;

    internal FuseOpcode Opcode => _header.Opcode;

    internal ulong Unique => _header.Unique;

    /// <summary>The inode that the request is about.</summary>
    internal InodeId Inode => new(_header.NodeId);

    internal Caller Caller => new(_header.Uid, _header.Gid);

    /// <summary>Cancelled when the kernel interrupts the request and at its deadline.</summary>
    internal CancellationToken Cancellation => _cancellation.Token;

    /// <summary>When the reader got it, of the session's TimeProvider.</summary>
    internal long StartedAt { get; private set; }

    /// <summary>Set under the pending table's lock, where it may be cancelled; then its source is not used
    /// again.</summary>
    internal bool IsCancelled { get; set; }

    /// <summary>errno of the answer, for the counters.</summary>
    internal int AnsweredErrno { get; private set; }

    /// <summary>Bytes of file data that a READ or WRITE moved, for the counters.</summary>
    internal long DataBytes { get; set; }

    internal CancellationTokenSource CancellationSource => _cancellation;

    /// <summary>
    /// Takes what was received. False when it is no request: too short, or its length is not what came; it may then be
    /// answered when <see cref="Unique"/> is not 0.
    /// </summary>
    internal bool TryBegin(int received, IFuseDevice device, NameCache names)
    {
        _device = device;
        _names = names;
        _isAnswered = 0;
        AnsweredErrno = 0;
        DataBytes = 0;
        _position = Unsafe.SizeOf<FuseInHeader>();
        _argumentsEnd = _position;
        _round = _session.Fence.Round;
        StartedAt = _session.Time.GetTimestamp();
        if (IsCancelled)
        {
            _cancellation = new();
            IsCancelled = false;
        }

        if (!MemoryMarshal.TryRead(ReceiveSpan[..received], out _header))
        {
            _header = default;
            return false;
        }

        var end = received - _header.ExtensionLength * 8;
        if (_header.Length != received || end < _position) return false;
        _argumentsEnd = end;
        return true;
    }

    /// <summary>Reads the next structure. False when the request is too short for it: then it has been
    /// answered.</summary>
    internal bool TryRead<T>(out T value) where T : unmanaged
    {
        if (MemoryMarshal.TryRead(Arguments, out value))
        {
            _position += Unsafe.SizeOf<T>();
            return true;
        }

        RejectMalformed();
        return false;
    }

    /// <summary>As <see cref="TryRead"/> for a request that wants no reply; false leaves the request without
    /// one.</summary>
    internal bool TryReadUnanswered<T>(out T value) where T : unmanaged
    {
        ReplyNothing();
        return TryRead(out value);
    }

    /// <summary>Reads a structure of which older kernels send only the first <paramref name="bytesMin"/> bytes; the
    /// rest is zero.</summary>
    internal bool TryReadPadded<T>(int bytesMin, out T value) where T : unmanaged
    {
        value = default;
        var given = Arguments;
        if (given.Length < bytesMin)
        {
            RejectMalformed();
            return false;
        }

        given = given[..Math.Min(given.Length, Unsafe.SizeOf<T>())];
        given.CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref value)));
        _position += given.Length;
        return true;
    }

    /// <summary>Reads the next name, up to its NUL. False when there is none or it is no name: then the request has
    /// been answered.</summary>
    internal bool TryReadName(out FsName name)
    {
        name = default;
        return TryReadText(out var text) && TryName(text, out name);
    }

    /// <summary>Makes a name of read text. False when it is none: then the request has been answered.</summary>
    internal bool TryName(ReadOnlySpan<byte> text, out FsName name)
    {
        var error = _names.TryGet(text, out name);
        if (error == FsError.None) return true;
        ReplyError(error);
        return false;
    }

    /// <summary>Reads up to the next NUL: a name, or the target of a symlink.</summary>
    internal bool TryReadText(out ReadOnlySpan<byte> text)
    {
        var rest = Arguments;
        var length = rest.IndexOf((byte)0);
        if (length < 0)
        {
            text = default;
            RejectMalformed();
            return false;
        }

        text = rest[..length];
        _position += length + 1;
        return true;
    }

    /// <summary>The next bytes in place, good until the request is answered.</summary>
    internal bool TryReadBytes(uint count, out ReadOnlyMemory<byte> bytes)
    {
        if (count > Arguments.Length)
        {
            bytes = default;
            RejectMalformed();
            return false;
        }

        bytes = _buffer.RequestMemory(_position, (int)count);
        _position += (int)count;
        return true;
    }

    /// <summary>The handler did not finish at once: it keeps the request, and its end returns it to the pool.</summary>
    internal void Park(ValueTask handling)
    {
        _handling = handling;
        _session.Pending.Add(this);
        _handling.GetAwaiter().UnsafeOnCompleted(_onHandled);
    }

    public void Dispose()
    {
        ((IDisposable)_buffer).Dispose();
        _cancellation.Dispose();
    }

    private ReadOnlySpan<byte> Arguments => ReceiveSpan[_position.._argumentsEnd];

    private void OnHandled()
    {
        _session.Pending.Remove(this);
        var handling = _handling;
        _handling = default;
        handling.Consume(); // the dispatcher lets nothing out; this gives its state back
        _session.Pool.Return(this);
    }

    private void RejectMalformed()
    {
        _session.Log.RequestMalformed(Opcode, _header.Length);
        ReplyError(FsError.EINVAL);
    }
}
