namespace ClaudeFs.DataPlane.Transports.Memory;

// One side of a link.
internal sealed class MemoryByteStream(string local, string remote, MemoryPipe incoming, MemoryPipe outgoing)
    : IByteStream
{
    public string LocalAddress => local;

    public string RemoteAddress => remote;

    public bool ContinuesOnLoop => true;

    public ValueTask<int> ReceiveAsync(Memory<byte> destination) => incoming.ReadAsync(destination);

    public ValueTask SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> pieces) => outgoing.WriteAsync(pieces);

    public void FinishSending() => outgoing.End();

    public void Abort()
    {
        outgoing.End();
        incoming.Break();
    }

    public ValueTask DisposeAsync()
    {
        Abort();
        return ValueTask.CompletedTask;
    }
}
