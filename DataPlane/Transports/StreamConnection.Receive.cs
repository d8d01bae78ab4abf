using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Transports;

// Receiving: headers and small payloads come through one buffer, many to a read; a longer payload is read straight into
// the memory it is handed out in, and not a byte past its end.
public sealed partial class StreamConnection
{
    // A payload up to this goes through the buffer: one read may bring the frames behind it as well.
    private const int BufferedPayloadBytesMax = 16 * 1024;
    private const int PayloadLengthOffset = 16;

    private const int BufferIdle = 0;
    private const int BufferInUse = 1;
    private const int BufferReleased = 2;

    private readonly PayloadOwner _buffer;
    private int _bufferState;
    private int _start;
    private int _end;
    private long _receivedBytes;

    public long ReceivedBytes => Interlocked.Read(ref _receivedBytes);

    public bool HasBufferedFrame { get; private set; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<ReceivedFrame> ReceiveAsync()
    {
        BeginReceive();
        PayloadOwner payload = default;
        try
        {
            while (_end - _start < FrameHeader.SizeBytes) await FillBufferAsync();
            var header = ReadHeader();
            var length = (int)header.PayloadBytes;
            if (length <= BufferedPayloadBytesMax)
            {
                while (_end - _start < length) await FillBufferAsync();
            }

            // Rented only now that bytes of it are here, and never for more than the header was allowed to say.
            payload = PayloadPool.Shared.Rent(length);
            var buffered = TakeBuffered(payload.Memory.Span);
            if (buffered < length) await ReceiveExactlyAsync(payload.Memory[buffered..]);
            Volatile.Write(ref _receivingSince, Never);
            if (length > 0 && Crc32c.Compute(payload.Span) != header.PayloadChecksum)
            {
                throw Refuse(FrameFault.BadPayloadChecksum);
            }

            HasBufferedFrame = FindBufferedFrame();
            return new ReceivedFrame(header, payload);
        }
        catch (Exception exception)
        {
            payload.Dispose();
            var reason = CloseReason ?? exception as RpcException;
            if (exception is not (IOException or ObjectDisposedException)) throw;
            throw reason is null
                ? new RpcException(RpcErrorCode.PeerUnavailable, $"{RemoteAddress}: {exception.Message}", exception)
                : new RpcException(reason.Code, reason.Message, exception);
        }
        finally
        {
            EndReceive();
        }
    }

    // The buffer goes back to its pool when the connection is closed and nobody receives into it, whichever comes last.
    private void BeginReceive()
    {
        if (Interlocked.CompareExchange(ref _bufferState, BufferInUse, BufferIdle) == BufferIdle) return;
        var reason = CloseReason;
        Invariant.That(reason is not null);
        throw new RpcException(reason.Code, reason.Message, reason);
    }

    private void EndReceive()
    {
        Volatile.Write(ref _bufferState, BufferIdle);
        if (CloseReason is not null) ReleaseBuffer();
    }

    private void ReleaseBuffer()
    {
        if (Interlocked.CompareExchange(ref _bufferState, BufferReleased, BufferIdle) == BufferIdle) _buffer.Dispose();
    }

    private bool FindBufferedFrame()
    {
        var available = _end - _start;
        if (available < FrameHeader.SizeBytes) return false;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.Span[(_start + PayloadLengthOffset)..]);
        return length <= (uint)(available - FrameHeader.SizeBytes);
    }

    private FrameHeader ReadHeader()
    {
        var fault = FrameHeader.Read(_buffer.Span[_start.._end], out var header);
        if (fault != FrameFault.None) throw Refuse(fault);
        if (header.PayloadBytes == 0 && header.PayloadChecksum != 0) throw Refuse(FrameFault.BadPayloadChecksum);
        _start += FrameHeader.SizeBytes;
        return header;
    }

    private int TakeBuffered(Span<byte> destination)
    {
        var count = Math.Min(_end - _start, destination.Length);
        _buffer.Span.Slice(_start, count).CopyTo(destination);
        _start += count;
        return count;
    }

    private ValueTask FillBufferAsync()
    {
        if (_start == _end)
        {
            _start = _end = 0;
        }
        else if (_start > 0)
        {
            _buffer.Span[_start.._end].CopyTo(_buffer.Span);
            _end -= _start;
            _start = 0;
        }

        return FillRestAsync();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillRestAsync()
    {
        var waiting = _stream.ReceiveAsync(_buffer.Memory[_end..]);
        if (!waiting.IsCompleted) NoteReceiving();
        var count = await waiting;
        if (count == 0) throw Ended(_end > 0 || Volatile.Read(ref _receivingSince) != Never);
        _end += count;
        Interlocked.Add(ref _receivedBytes, count);
        Volatile.Write(ref _receivingSince, Never);
    }

    // Between frames silence is allowed: heartbeats look after it. Inside one the read time-out runs from the last
    // byte.
    private void NoteReceiving()
    {
        if (_end > 0) Volatile.Write(ref _receivingSince, _time.GetTimestamp());
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReceiveExactlyAsync(Memory<byte> destination)
    {
        while (destination.Length > 0)
        {
            Volatile.Write(ref _receivingSince, _time.GetTimestamp());
            var count = await _stream.ReceiveAsync(destination);
            if (count == 0) throw Ended(insideFrame: true);
            Interlocked.Add(ref _receivedBytes, count);
            destination = destination[count..];
        }
    }

    private RpcException Ended(bool insideFrame) => new(
        insideFrame ? RpcErrorCode.ProtocolError : RpcErrorCode.PeerUnavailable,
        insideFrame ? $"{RemoteAddress} ended the connection inside a frame" : $"{RemoteAddress} ended the connection");

    private RpcException Refuse(FrameFault fault) => fault == FrameFault.UnknownVersion
        ? new RpcException(
            RpcErrorCode.UnsupportedVersion,
            $"frame version {_buffer.Span[_start + 4]} is not spoken here; versions {FrameHeader.VersionMin} to "
            + $"{FrameHeader.VersionMax} are")
        : new RpcException(RpcErrorCode.ProtocolError, $"frame from {RemoteAddress} refused: {fault}");
}
