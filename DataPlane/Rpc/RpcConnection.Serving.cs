using System.Diagnostics;
using System.Runtime.CompilerServices;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

// The peer's calls. Receiving never stops for them, or an answer that a running handler waits for (a lease recall)
// could not come in: what finds no free place waits in a bounded queue, and past its bounds is refused at once.
public sealed partial class RpcConnection
{
    private readonly Lock _serveGate = new();
    private readonly Dictionary<ulong, RpcRequest> _served = [];
    private readonly Queue<RpcRequest> _queued = new();
    private readonly Stack<RpcRequest> _spareRequests = new();
    private long _servedBytes;
    private int _running;

    private void TakeRequest(in ReceivedFrame frame)
    {
        var header = frame.Header;
        if (!OpcodeTable.TryFind(header.Opcode, out var info))
        {
            Refuse(frame, new RpcError(RpcErrorCode.UnknownOpcode, $"opcode {(ushort)header.Opcode} is not known"));
            return;
        }

        RpcInstruments.BytesReceived(info, header.PayloadBytes);
        if (info.IsControl)
        {
            TakeControl(frame);
        }
        else if ((header.Flags & (FrameFlags.Signed | FrameFlags.Compressed | FrameFlags.More)) != 0)
        {
            Refuse(frame, new RpcError(RpcErrorCode.UnsupportedFlags, $"not served by version 1: {header.Flags}"));
        }
        else if ((info.Callers & Peer.Role) == 0)
        {
            Refuse(frame, new RpcError(RpcErrorCode.AccessDenied, $"role {Peer.Role} may not call {info.MetricName}"));
        }
        else if (_router.Find(info) is not { } handler)
        {
            Refuse(frame, new RpcError(RpcErrorCode.UnknownOpcode, $"{info.MetricName} is not served here"));
        }
        else
        {
            Serve(frame, info, handler);
        }
    }

    private void TakeControl(in ReceivedFrame frame)
    {
        var header = frame.Header;
        using var payload = frame.Payload;
        switch (header.Opcode)
        {
            case Opcode.Cancel:
                RpcRequest? request;
                lock (_serveGate) _served.TryGetValue(header.RequestId, out request);
                if (request is not null) Cancel(request, header.RequestId);
                break;
            case Opcode.Goodbye:
                var text = RpcError.TryRead(payload.Span, out var error) ? error!.Text : "no reason was given";
                throw new RpcException(RpcErrorCode.PeerUnavailable, $"{Peer.Name} ended the connection: {text}");
            case Opcode.Hello:
                throw new RpcException(RpcErrorCode.ProtocolError, "a second greeting");
            default:
                if (header.IsOneWay) break;
                _ = SendControlAsync(header.Opcode, FrameFlags.Response, header.RequestId);
                break;
        }
    }

    private void Serve(in ReceivedFrame frame, OpcodeInfo info, RpcHandler handler)
    {
        var now = _time.GetTimestamp();
        var milliseconds = frame.Header.DeadlineMilliseconds;
        var expiry = milliseconds == 0 ? long.MaxValue : ExpiryAfter(now, TimeSpan.FromMilliseconds(milliseconds));
        RpcRequest? request = null;
        bool starts;
        lock (_serveGate)
        {
            var fits = _queued.Count < Limits.ServerQueuedCallsMax
                && (_servedBytes == 0 || _servedBytes + frame.Payload.Length <= Limits.ServerQueuedBytesMax);
            starts = _running < _options.ServedCallsMax;
            if (fits)
            {
                if (!_spareRequests.TryPop(out request)) request = new RpcRequest(this);
                request.Set(info, frame, handler, now, expiry);
                if (!_served.TryAdd(request.Id, request))
                {
                    throw new RpcException(RpcErrorCode.ProtocolError, "a request id came twice");
                }

                _servedBytes += request.HeldBytes;
                if (starts) _running++;
                else _queued.Enqueue(request);
            }
        }

        if (request is null) Refuse(frame, new RpcError(RpcErrorCode.Overloaded, "too many calls wait"));
        else if (starts) _ = ServeAllAsync(request);
    }

    // Serves a call, then those that have queued up meanwhile: a loop, because handlers that complete at once would
    // otherwise nest as deep as the queue is long.
    private async Task ServeAllAsync(RpcRequest? request)
    {
        while (request is not null)
        {
            var response = await RunAsync(request);
            await ReplyAsync(request, response);
            request = ReleaseAndTakeNext(request);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RpcResponse> RunAsync(RpcRequest request)
    {
        if (request.IsCancelled) return RpcResponse.Fail(RpcErrorCode.Cancelled, "");
        if (IsOver(request)) return RpcResponse.Fail(RpcErrorCode.DeadlineExceeded, "the work was not begun");
        try
        {
            if (!request.Trace.IsNone) request.Activity = RpcInstruments.StartServing(request.Info, request.Trace);
            var response = await request.Handler!(request);
            if (!IsOver(request)) return response;
            response.Owner.Dispose();
            return RpcResponse.Fail(RpcErrorCode.DeadlineExceeded, "the work took too long");
        }
        catch (OperationCanceledException)
        {
            return RpcResponse.Fail(RpcErrorCode.Cancelled, "");
        }
        catch (FsException exception)
        {
            _logger.HandlerFailed(exception, request.Opcode, Peer.Name);
            return RpcResponse.Fail(exception.Error);
        }
        catch (Exception exception)
        {
            _logger.HandlerFailed(exception, request.Opcode, Peer.Name);
            return RpcResponse.Fail(RpcErrorCode.Faulted, "the call failed on the server, whose log has the details");
        }
    }

    private bool IsOver(RpcRequest request) =>
        request.Expiry != long.MaxValue && _time.GetTimestamp() >= request.Expiry;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask ReplyAsync(RpcRequest request, RpcResponse response)
    {
        RpcInstruments.CallEnded(request.Info, isClient: false, ElapsedSince(request.StartedAt), response.Error);
        if (response.Error is not null) request.Activity?.SetStatus(ActivityStatusCode.Error);
        try
        {
            if (request.IsOneWay || request.IsCancelled || !IsOpen) return;
            if (response.Error is not null) await SendErrorAsync(request.Info.Opcode, request.Id, response.Error);
            else await SendResponseAsync(request, response);
        }
        finally
        {
            response.Owner.Dispose();
        }
    }

    private async ValueTask SendResponseAsync(RpcRequest request, RpcResponse response)
    {
        if (response.Payload.Length > Limits.FramePayloadBytesMax)
        {
            var error = new RpcError(RpcErrorCode.PayloadTooLarge, "the answer is over the limit of a frame");
            await SendErrorAsync(request.Info.Opcode, request.Id, error);
            return;
        }

        RpcInstruments.BytesSent(request.Info, response.Payload.Length);
        await SendAsync(
            new OutgoingFrame(request.Info.Opcode, FrameFlags.Response, request.Id, Head: response.Payload));
    }

    private void Refuse(in ReceivedFrame frame, RpcError error)
    {
        frame.Payload.Dispose();
        if (!frame.Header.IsOneWay) _ = SendErrorAsync(frame.Header.Opcode, frame.Header.RequestId, error);
    }

    private Task SendErrorAsync(Opcode opcode, ulong id, RpcError error)
    {
        var payload = new byte[RpcError.SizeBytesMax];
        var length = error.Write(payload);
        return SendAsync(new OutgoingFrame(
            opcode, FrameFlags.Response | FrameFlags.Error, id, Head: payload.AsMemory(0, length)));
    }

    private async Task SendAsync(OutgoingFrame frame)
    {
        try
        {
            await _connection.SendAsync(frame, flush: !IsDispatching);
        }
        catch (RpcException exception)
        {
            // The caller learns it from the end of the connection.
            _connection.Close(exception);
        }
    }

    private RpcRequest? ReleaseAndTakeNext(RpcRequest request)
    {
        lock (_serveGate)
        {
            _served.Remove(request.Id);
            _servedBytes -= request.HeldBytes;
            request.Clear();
            if (_spareRequests.Count < Limits.RpcObjectPoolMax) _spareRequests.Push(request);
            if (_queued.TryDequeue(out var next)) return next;
            _running--;
            return null;
        }
    }

    private void CancelServed()
    {
        List<KeyValuePair<ulong, RpcRequest>> requests;
        lock (_serveGate) requests = [.. _served];
        foreach (var (id, request) in requests) Cancel(request, id);
    }

    // What a handler registered with its token may throw, and must not end the connection.
    private void Cancel(RpcRequest request, ulong id)
    {
        try
        {
            request.Cancel(id);
        }
        catch (AggregateException exception)
        {
            _logger.HandlerFailed(exception, request.Opcode, Peer.Name);
        }
    }
}
