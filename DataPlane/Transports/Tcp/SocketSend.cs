using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Threading.Tasks.Sources;

namespace ClaudeFs.DataPlane.Transports.Tcp;

// The one vectored send of a connection, reused for every call: nothing is allocated a send.
internal sealed class SocketSend : SocketAsyncEventArgs, IValueTaskSource<int>
{
    private readonly List<ArraySegment<byte>> _segments = [];
    private ManualResetValueTaskSourceCore<int> _core;

    // True: no execution context is captured, which the completion has no use for.
    public SocketSend() : base(true)
    {
    }

    /// <summary>False when a piece is not an array's: it is then sent piece by piece.</summary>
    public bool TrySet(IReadOnlyList<ReadOnlyMemory<byte>> pieces)
    {
        _segments.Clear();
        for (var i = 0; i < pieces.Count; i++)
        {
            if (!MemoryMarshal.TryGetArray(pieces[i], out var segment)) return false;
            _segments.Add(segment);
        }

        BufferList = _segments;
        return true;
    }

    /// <summary>Starts the send of what was set; completes with the bytes taken.</summary>
    public ValueTask<int> SendAsync(Socket socket)
    {
        _core.Reset();
        if (socket.SendAsync(this)) return new ValueTask<int>(this, _core.Version);
        return SocketError == SocketError.Success
            ? new ValueTask<int>(BytesTransferred)
            : ValueTask.FromException<int>(new SocketException((int)SocketError));
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (SocketError == SocketError.Success) _core.SetResult(BytesTransferred);
        else _core.SetException(new SocketException((int)SocketError));
    }

    int IValueTaskSource<int>.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<int>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
