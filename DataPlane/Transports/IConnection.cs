using ClaudeFs.DataPlane.Protocol;

namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// Moves frames in order between two processes. Many may send at a time, one receives. Every failure closes it for good
/// with a reason, and is told to senders and receiver as <see cref="RpcException"/>.
/// </summary>
public interface IConnection : IAsyncDisposable
{
    /// <summary>This side, for messages.</summary>
    string LocalAddress { get; }

    /// <summary>The other side, for messages.</summary>
    string RemoteAddress { get; }

    /// <summary>
    /// Whether what awaits this connection is continued on its own loop and must be continued in line, so that a
    /// simulation stays one thread in one order.
    /// </summary>
    bool ContinuesOnLoop { get; }

    /// <summary>Whether the next receive completes without waiting for the network.</summary>
    bool HasBufferedFrame { get; }

    /// <summary>Bytes that have come so far: a peer that makes it grow is alive.</summary>
    long ReceivedBytes { get; }

    /// <summary>Why it was closed; null while it is open.</summary>
    RpcException? CloseReason { get; }

    /// <summary>
    /// Queues a frame and, unless <paramref name="flush"/> is false, starts to send what is queued. Completes when the
    /// frame's memory is no longer needed: at once for small frames, which are copied; when it has been sent for
    /// others, and for all while the queue is full, which is the back-pressure. Memory of the frame is borrowed until
    /// then. Errors, as RpcException: PayloadTooLarge (nothing was queued, the connection goes on), PeerUnavailable.
    /// </summary>
    ValueTask SendAsync(OutgoingFrame frame, bool flush = true);

    /// <summary>Starts to send what is queued.</summary>
    void Flush();

    /// <summary>
    /// The next frame; the caller owns its payload. One call at a time. Errors, as RpcException: PeerUnavailable (the
    /// peer ended the connection, or it was closed here), ProtocolError, UnsupportedVersion (what came is no frame).
    /// </summary>
    ValueTask<ReceivedFrame> ReceiveAsync();

    /// <summary>
    /// Sends what is queued and tells the peer that no more comes; receiving goes on. Never throws: a connection that
    /// fails meanwhile is closed.
    /// </summary>
    ValueTask FinishSendingAsync();

    /// <summary>
    /// In place of further receives: throws away what still comes until the peer ends too, or the read time-out. A
    /// socket closed over unread bytes resets, and the last frame, which says why, would be lost with it. Never throws.
    /// </summary>
    ValueTask DiscardAsync();

    /// <summary>
    /// Closes at once; the first reason stays. Unsent frames are lost, waiting senders and the receiver fail.
    /// </summary>
    void Close(RpcException reason);
}
