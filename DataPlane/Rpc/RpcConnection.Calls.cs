using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

// Own calls.
public sealed partial class RpcConnection
{
    private readonly Lock _callGate = new();
    private readonly Dictionary<ulong, PendingCall> _inFlight = [];
    private readonly LinkedList<PendingCall> _waiting = new();
    private readonly Stack<PendingCall> _spareCalls = new();
    private readonly ITimer _expiryTimer;
    private long _inFlightBytes;
    private long _nextExpiry = long.MaxValue;
    private ulong _lastId;
    private bool _refusesCalls;

    public ValueTask<RpcReply> CallAsync(RpcCall call, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<RpcReply>(cancellationToken);
        var bytes = PayloadBytesOf(call);
        if (bytes > Limits.FramePayloadBytesMax)
        {
            return RefusedAsync(RpcErrorCode.PayloadTooLarge, $"{bytes} bytes are over the limit of a frame");
        }

        var timeout = call.Timeout == TimeSpan.Zero ? _options.CallTimeout : call.Timeout;
        if (timeout < TimeSpan.Zero) return RefusedAsync(RpcErrorCode.DeadlineExceeded, "the time was over already");
        var now = _time.GetTimestamp();
        PendingCall pending;
        bool isAdmitted;
        lock (_callGate)
        {
            if (_refusesCalls) return RefusedAsync(RpcErrorCode.PeerUnavailable, EndReason?.Message ?? "ended");
            if (!_spareCalls.TryPop(out pending!))
            {
                pending = new PendingCall(this, _options.InlineContinuations || _connection.ContinuesOnLoop);
            }

            pending.Set(call, OpcodeTable.Find(call.Opcode), bytes, now, ExpiryAfter(now, timeout), cancellationToken);
            isAdmitted = _waiting.Count == 0 && TryAdmit(pending);
            if (!isAdmitted)
            {
                if (_waiting.Count >= _options.WaitingCallsMax)
                {
                    _spareCalls.Push(pending);
                    return RefusedAsync(RpcErrorCode.PoolExhausted, $"{_waiting.Count} calls wait already");
                }

                _waiting.AddLast(pending.Node);
            }

            NoteExpiry(pending.Expiry, now);
        }

        var result = new ValueTask<RpcReply>(pending, pending.Version);
        if (cancellationToken.CanBeCanceled)
        {
            pending.Registration = cancellationToken.UnsafeRegister(
                static state => ((PendingCall)state!).Owner.CancelCall((PendingCall)state!), pending);
        }

        if (isAdmitted) _ = TransmitAsync(pending);
        return result;
    }

    public async ValueTask SendOneWayAsync(RpcCall call, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (EndReason is { } reason) throw new RpcException(RpcErrorCode.PeerUnavailable, reason.Message, reason);
        var info = OpcodeTable.Find(call.Opcode);
        ulong id;
        lock (_callGate) id = ++_lastId;
        var flags = FrameFlags.OneWay;
        if (RpcInstruments.TryCaptureTrace(out var trace)) flags |= FrameFlags.Traced;
        var timeout = call.Timeout == TimeSpan.Zero ? 0 : ToMilliseconds(call.Timeout);
        var frame = new OutgoingFrame(call.Opcode, flags, id, timeout, call.Head, call.Parts, trace);
        RpcInstruments.BytesSent(info, frame.PayloadBytes);
        await _connection.SendAsync(frame, flush: !IsDispatching);
    }

    internal void Recycle(PendingCall call)
    {
        lock (_callGate)
        {
            if (_spareCalls.Count < Limits.RpcObjectPoolMax) _spareCalls.Push(call);
        }
    }

    private static long PayloadBytesOf(in RpcCall call)
    {
        // Room is left for trace context, so that tracing never makes a call too long that was not.
        long bytes = call.Head.Length + TraceContext.SizeBytes;
        foreach (var part in call.Parts.Span) bytes += part.Length;
        return bytes;
    }

    private static uint ToMilliseconds(TimeSpan time) =>
        (uint)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 1, uint.MaxValue);

    private static ValueTask<RpcReply> RefusedAsync(RpcErrorCode code, string text) =>
        new(new RpcReply(new RpcError(code, text), wasSent: false));

    private long ExpiryAfter(long now, TimeSpan timeout) =>
        now + (long)(timeout.TotalSeconds * _time.TimestampFrequency);

    // Under the gate. One call is always let in, however long, or it would wait for ever.
    private bool TryAdmit(PendingCall call)
    {
        if (_inFlight.Count >= _callsMax) return false;
        if (_inFlightBytes > 0 && _inFlightBytes + call.PayloadBytes > _options.InFlightBytesMax) return false;
        call.Id = ++_lastId;
        call.IsInFlight = true;
        call.IsSending = true;
        _inFlight.Add(call.Id, call);
        _inFlightBytes += call.PayloadBytes;
        return true;
    }

    // Under the gate. True when the call was still open, and is the caller's to answer.
    private bool TryRemove(PendingCall call)
    {
        if (call.IsAnswered) return false;
        if (!call.IsInFlight)
        {
            _waiting.Remove(call.Node);
            return true;
        }

        _inFlight.Remove(call.Id);
        _inFlightBytes -= call.PayloadBytes;
        return true;
    }

    private async Task TransmitAsync(PendingCall call)
    {
        try
        {
            var flags = call.Trace.IsNone ? FrameFlags.None : FrameFlags.Traced;
            var left = ToMilliseconds(TimeUntil(call.Expiry));
            RpcInstruments.BytesSent(call.Info, call.PayloadBytes);
            await _connection.SendAsync(
                new OutgoingFrame(call.Call.Opcode, flags, call.Id, left, call.Call.Head, call.Call.Parts, call.Trace),
                flush: !IsDispatching);
        }
        catch (RpcException exception)
        {
            Answer(call, new RpcReply(new RpcError(RpcErrorCode.PeerUnavailable, exception.Message), wasSent: true));
        }

        bool isAnswered;
        lock (_callGate)
        {
            call.IsSending = false;
            isAnswered = call.IsAnswered;
        }

        if (isAnswered) call.Complete();
    }

    private void Answer(PendingCall call, in RpcReply reply)
    {
        bool completes;
        lock (_callGate)
        {
            if (!TryRemove(call)) return;
            completes = call.Answer(reply);
        }

        if (completes) call.Complete();
        AdmitWaiting();
    }

    private void AdmitWaiting()
    {
        while (true)
        {
            PendingCall call;
            lock (_callGate)
            {
                if (_waiting.First is not { } first || _refusesCalls || !TryAdmit(first.Value)) return;
                call = first.Value;
                _waiting.RemoveFirst();
            }

            _ = TransmitAsync(call);
        }
    }

    private void TakeResponse(in ReceivedFrame frame)
    {
        var header = frame.Header;
        PendingCall? call;
        bool completes;
        lock (_callGate)
        {
            if (!_inFlight.TryGetValue(header.RequestId, out call))
            {
                frame.Payload.Dispose();
                // An answer to a call that was given up is ordinary; one to a call never made is not.
                if (header.RequestId <= _lastId && header.RequestId != 0) return;
                throw new RpcException(RpcErrorCode.ProtocolError, "an answer came to a call that was never made");
            }

            if (header.Opcode != call.Info.Opcode)
            {
                frame.Payload.Dispose();
                throw new RpcException(RpcErrorCode.ProtocolError, "an answer came with another opcode than its call");
            }

            TryRemove(call);
            RpcInstruments.BytesReceived(call.Info, header.PayloadBytes);
            completes = call.Answer(ReadReply(frame));
        }

        if (completes) call.Complete();
        AdmitWaiting();
    }

    // The payload is passed on or disposed.
    private static RpcReply ReadReply(in ReceivedFrame frame)
    {
        var payload = frame.Payload;
        if ((frame.Header.Flags & (FrameFlags.Signed | FrameFlags.Compressed | FrameFlags.More)) != 0)
        {
            payload.Dispose();
            var text = $"the answer's flags are not served: {frame.Header.Flags}";
            return new RpcReply(new RpcError(RpcErrorCode.UnsupportedFlags, text), wasSent: true);
        }

        const int Prefix = TraceContext.SizeBytes;
        if (frame.Header.IsTraced) payload = payload.Slice(Prefix, payload.Length - Prefix);
        if (!frame.Header.IsError) return new RpcReply(payload);
        var error = RpcError.TryRead(payload.Span, out var read)
            ? read!
            : new RpcError(RpcErrorCode.ProtocolError, "the answer's error is malformed");
        payload.Dispose();
        return new RpcReply(error, wasSent: true);
    }

    internal void CancelCall(PendingCall call)
    {
        ulong id;
        bool wasInFlight;
        bool completes;
        lock (_callGate)
        {
            if (!TryRemove(call)) return;
            (id, wasInFlight) = (call.Id, call.IsInFlight);
            completes = call.Answer(
                new RpcReply(new RpcError(RpcErrorCode.Cancelled, ""), wasInFlight), isCancelled: true);
        }

        if (completes) call.Complete();
        if (wasInFlight) _ = SendControlAsync(Opcode.Cancel, FrameFlags.OneWay, id);
        AdmitWaiting();
    }

    // Under the gate. One timer for all calls, set to the earliest; with equal time-outs it is set once in a time-out.
    private void NoteExpiry(long expiry, long now)
    {
        if (expiry >= _nextExpiry) return;
        _nextExpiry = expiry;
        var due = _time.GetElapsedTime(now, expiry) + TimeSpan.FromMilliseconds(1);
        _expiryTimer.Change(due, Timeout.InfiniteTimeSpan);
    }

    private void Expire()
    {
        List<(PendingCall Call, ulong Id, bool WasInFlight)>? expired = null;
        lock (_callGate)
        {
            if (_refusesCalls) return;
            var now = _time.GetTimestamp();
            _nextExpiry = long.MaxValue;
            var next = long.MaxValue;
            foreach (var call in _inFlight.Values.Concat(_waiting))
            {
                if (call.Expiry > now) next = Math.Min(next, call.Expiry);
                else (expired ??= []).Add((call, call.Id, call.IsInFlight));
            }

            if (next != long.MaxValue) NoteExpiry(next, now);
        }

        if (expired is null) return;
        foreach (var (call, id, wasInFlight) in expired)
        {
            var error = new RpcError(
                RpcErrorCode.RequestTimeout, $"no answer from {Peer.Name} at {RemoteAddress} in time");
            // Answered meanwhile and reused, it would be another call: the id says whether it is the same one.
            if (!TryExpire(call, id, new RpcReply(error, wasInFlight))) continue;
            if (wasInFlight) _ = SendControlAsync(Opcode.Cancel, FrameFlags.OneWay, id);
        }
    }

    private bool TryExpire(PendingCall call, ulong id, in RpcReply reply)
    {
        bool completes;
        lock (_callGate)
        {
            var isSame = reply.WasSent
                ? _inFlight.TryGetValue(id, out var found) && found == call
                : !call.IsInFlight && call.Node.List == _waiting;
            if (!isSame || call.Expiry > _time.GetTimestamp() || !TryRemove(call)) return false;
            completes = call.Answer(reply);
        }

        if (completes) call.Complete();
        AdmitWaiting();
        return true;
    }

    private void FailCalls(RpcException reason)
    {
        List<PendingCall> completing = [];
        lock (_callGate)
        {
            _refusesCalls = true;
            _expiryTimer.Dispose();
            var error = new RpcError(RpcErrorCode.PeerUnavailable, reason.Message);
            foreach (var call in _inFlight.Values)
            {
                if (call.Answer(new RpcReply(error, wasSent: true))) completing.Add(call);
            }

            foreach (var call in _waiting)
            {
                if (call.Answer(new RpcReply(error, wasSent: false))) completing.Add(call);
            }

            _inFlight.Clear();
            _waiting.Clear();
            _inFlightBytes = 0;
        }

        foreach (var call in completing) call.Complete();
    }
}
