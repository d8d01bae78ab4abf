using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;
using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

// The greeting: who connected says hello, the other answers with its own or with why not. Nothing else is taken before.
internal static class RpcHandshake
{
    private const ulong GreetingId = 1;

    /// <summary>
    /// Greets and returns the peer's hello; on failure the connection is closed and RpcException thrown.
    /// </summary>
    public static async ValueTask<Hello> GreetAsync(
        IConnection connection, PeerIdentity self, RpcOptions options, TimeProvider time)
    {
        await using var limit = Limit(connection, options, time);
        try
        {
            await SendAsync(connection, FrameFlags.None, GreetingId, Describe(self, FrameHeader.VersionMax));
            var frame = await connection.ReceiveAsync();
            using var payload = frame.Payload;
            if (frame.Header.IsError || frame.Header.Opcode == Opcode.Goodbye)
            {
                throw RpcError.TryRead(payload.Span, out var error)
                    ? new RpcException(error!.Code, $"{connection.RemoteAddress} refused the greeting: {error.Text}")
                    : Failed(connection, "refused the greeting");
            }

            if (frame.Header is not { Opcode: Opcode.Hello, IsResponse: true, RequestId: GreetingId })
            {
                throw Failed(connection, "did not answer the greeting");
            }

            if (!Hello.TryRead(payload.Span, out var hello)) throw Failed(connection, "answered malformed");
            if (hello!.VersionMax is < FrameHeader.VersionMin or > FrameHeader.VersionMax)
            {
                throw Failed(connection, $"chose frame version {hello.VersionMax}, which is not spoken here");
            }

            return hello;
        }
        catch (RpcException exception)
        {
            connection.Close(exception);
            throw;
        }
    }

    /// <summary>
    /// Takes a greeting and answers it; on failure the peer is told, the connection closed and RpcException thrown.
    /// </summary>
    public static async ValueTask<Hello> AnswerAsync(
        IConnection connection, PeerIdentity self, RpcOptions options, TimeProvider time)
    {
        await using var limit = Limit(connection, options, time);
        ulong id = 0;
        try
        {
            var frame = await connection.ReceiveAsync();
            using var payload = frame.Payload;
            id = frame.Header.RequestId;
            if (frame.Header is not { Opcode: Opcode.Hello, IsResponse: false, IsOneWay: false })
            {
                throw Failed(connection, "did not begin with a greeting");
            }

            if (!Hello.TryRead(payload.Span, out var hello)) throw Failed(connection, "sent a malformed greeting");
            var version = Math.Min(hello!.VersionMax, FrameHeader.VersionMax);
            if (version < hello.VersionMin || version < FrameHeader.VersionMin)
            {
                throw new RpcException(
                    RpcErrorCode.UnsupportedVersion,
                    $"versions {hello.VersionMin} to {hello.VersionMax} are not spoken here; "
                    + $"{FrameHeader.VersionMin} to {FrameHeader.VersionMax} are");
            }

            await SendAsync(connection, FrameFlags.Response, id, Describe(self, version));
            return hello;
        }
        catch (RpcException exception)
        {
            await RefuseAsync(connection, id, exception);
            throw;
        }
    }

    private static Hello Describe(PeerIdentity self, byte version) => new(
        FrameHeader.VersionMin, version, self.Role, Limits.ServerQueuedCallsMax, self.Session, self.Name);

    private static async ValueTask SendAsync(IConnection connection, FrameFlags flags, ulong id, Hello hello)
    {
        var payload = new byte[Hello.SizeBytesMax];
        var length = hello.Write(payload);
        await connection.SendAsync(new OutgoingFrame(Opcode.Hello, flags, id, Head: payload.AsMemory(0, length)));
    }

    // The refusal is given the time to arrive; a peer that sends no frames at all gets it too, as the last bytes it
    // sees.
    private static async ValueTask RefuseAsync(IConnection connection, ulong id, RpcException reason)
    {
        try
        {
            var payload = new byte[RpcError.SizeBytesMax];
            var length = new RpcError(reason.Code, reason.Message).Write(payload);
            await connection.SendAsync(new OutgoingFrame(
                Opcode.Hello, FrameFlags.Response | FrameFlags.Error, id, Head: payload.AsMemory(0, length)));
            await connection.FinishSendingAsync();
            await connection.DiscardAsync();
        }
        catch (RpcException)
        {
            // The peer is gone: the close below is all that is left to do.
        }

        connection.Close(reason);
    }

    private static RpcException Failed(IConnection connection, string what) =>
        new(RpcErrorCode.HandshakeFailed, $"{connection.RemoteAddress} {what}");

    private static ITimer Limit(IConnection connection, RpcOptions options, TimeProvider time) => time.CreateTimer(
        _ => connection.Close(new RpcException(
            RpcErrorCode.HandshakeFailed,
            $"{connection.RemoteAddress} did not greet within {options.HandshakeTimeout}")),
        null, options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
}
