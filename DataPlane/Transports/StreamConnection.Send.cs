using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Transports;

// Sending: whoever finds nobody sending becomes the drainer and sends until nothing is queued; everybody else's frames
// queue up meanwhile and leave together.
public sealed partial class StreamConnection
{
    private const int HeaderBytesMax = FrameHeader.SizeBytes + TraceContext.SizeBytes;
    private const int SpareBatchesMax = 4;

    private readonly Lock _sendGate = new();
    private readonly Queue<SendBatch> _queue = new();
    private readonly Stack<SendBatch> _spareBatches = new();
    private readonly Stack<SendTicket> _spareTickets = new();
    private SendBatch? _filling;
    private int _copiedBytes;
    private bool _isDraining;

    public ValueTask SendAsync(OutgoingFrame frame, bool flush = true)
    {
        var payloadBytes = frame.PayloadBytes;
        if (payloadBytes > Limits.FramePayloadBytesMax)
        {
            return ValueTask.FromException(new RpcException(
                RpcErrorCode.PayloadTooLarge,
                $"a payload of {payloadBytes} bytes is over {Limits.FramePayloadBytesMax}"));
        }

        // Checksums are computed before the gate: other senders do not wait for them.
        Span<byte> header = stackalloc byte[HeaderBytesMax];
        header = header[..frame.WriteHeader(header)];
        SendTicket? ticket;
        bool drain;
        lock (_sendGate)
        {
            if (CloseReason is { } reason) return ClosedAsync(reason);
            ticket = Enqueue(frame, header, payloadBytes);
            drain = (flush || ticket is not null) && !_isDraining;
            _isDraining |= drain;
        }

        if (drain) _ = DrainAsync();
        return ticket is null ? ValueTask.CompletedTask : ticket.WaitAsync();
    }

    public void Flush()
    {
        lock (_sendGate)
        {
            if (_isDraining || _queue.Count == 0 || CloseReason is not null) return;
            _isDraining = true;
        }

        _ = DrainAsync();
    }

    private static ValueTask ClosedAsync(RpcException reason) =>
        ValueTask.FromException(new RpcException(reason.Code, reason.Message, reason));

    // Under the gate. Copies the frame, or refers to it and returns the ticket that says when it has left.
    private SendTicket? Enqueue(in OutgoingFrame frame, ReadOnlySpan<byte> header, long payloadBytes)
    {
        var rest = (int)payloadBytes - (header.Length - FrameHeader.SizeBytes);
        var isCopied = rest <= Limits.SendCopyBytesMax
            && _copiedBytes + header.Length + rest <= Limits.SendQueueBytesMax;
        var copyBytes = header.Length + (isCopied ? rest : 0);
        var batch = FindBatch(copyBytes, isCopied ? 1 : frame.Parts.Length + 2);
        var destination = batch.Reserve(copyBytes);
        _copiedBytes += copyBytes;
        header.CopyTo(destination);
        if (isCopied)
        {
            destination = destination[header.Length..];
            frame.Head.Span.CopyTo(destination);
            destination = destination[frame.Head.Length..];
            foreach (var part in frame.Parts.Span)
            {
                part.Span.CopyTo(destination);
                destination = destination[part.Length..];
            }

            return null;
        }

        batch.AddReference(frame.Head);
        foreach (var part in frame.Parts.Span) batch.AddReference(part);
        return AddTicket(batch);
    }

    private SendTicket AddTicket(SendBatch batch)
    {
        if (!_spareTickets.TryPop(out var ticket)) ticket = new SendTicket(ContinuesOnLoop, RecycleTicket);
        batch.AddTicket(ticket);
        return ticket;
    }

    private SendBatch FindBatch(int copyBytes, int pieces)
    {
        if (_filling is not null && _filling.HasRoom(copyBytes, pieces)) return _filling;
        if (!_spareBatches.TryPop(out var batch)) batch = new SendBatch();
        _queue.Enqueue(batch);
        _filling = batch;
        return batch;
    }

    private ValueTask QueueBarrierAsync()
    {
        SendTicket ticket;
        bool drain;
        lock (_sendGate)
        {
            if (CloseReason is { } reason) return ClosedAsync(reason);
            if (!_isDraining && _queue.Count == 0) return ValueTask.CompletedTask;
            ticket = AddTicket(FindBatch(0, 1));
            drain = !_isDraining;
            _isDraining = true;
        }

        if (drain) _ = DrainAsync();
        return ticket.WaitAsync();
    }

    private async Task DrainAsync()
    {
        while (TakeBatch() is { } batch)
        {
            try
            {
                while (batch.NextGroup() is { } group)
                {
                    Volatile.Write(ref _sendingSince, _time.GetTimestamp());
                    await _stream.SendAsync(group);
                }

                batch.Complete();
            }
            catch (Exception exception)
            {
                // Whatever it was, a frame is cut in the middle: nothing can follow it.
                Close(new RpcException(
                    RpcErrorCode.PeerUnavailable, $"{RemoteAddress}: {exception.Message}", exception));
                batch.Fail(CloseReason!);
            }

            Recycle(batch);
        }
    }

    private SendBatch? TakeBatch()
    {
        RpcException reason;
        lock (_sendGate)
        {
            if (CloseReason is null)
            {
                if (_queue.TryDequeue(out var batch))
                {
                    if (_queue.Count == 0) _filling = null;
                    return batch;
                }

                Volatile.Write(ref _sendingSince, Never);
                _isDraining = false;
                return null;
            }

            reason = CloseReason;
            _isDraining = false;
        }

        FailQueued(reason);
        return null;
    }

    private void Recycle(SendBatch batch)
    {
        lock (_sendGate)
        {
            _copiedBytes -= batch.CopiedBytes;
            batch.Clear();
            if (_spareBatches.Count < SpareBatchesMax) _spareBatches.Push(batch);
        }
    }

    private void RecycleTicket(SendTicket ticket)
    {
        lock (_sendGate)
        {
            if (_spareTickets.Count < Limits.RpcObjectPoolMax) _spareTickets.Push(ticket);
        }
    }

    // What no drainer holds fails here; a batch that is being sent fails when its send has let go of the memory.
    private void FailQueued(RpcException reason)
    {
        while (true)
        {
            SendBatch? batch;
            lock (_sendGate)
            {
                if (_isDraining || !_queue.TryDequeue(out batch)) return;
                _filling = null;
            }

            batch.Fail(reason);
            batch.Clear();
        }
    }
}
