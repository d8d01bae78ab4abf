namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// An ordered stream of bytes both ways: what a socket and an in-process pipe have in common.
/// <see cref="StreamConnection"/> makes frames of it. One send and one receive at a time.
/// </summary>
public interface IByteStream : IAsyncDisposable
{
    string LocalAddress { get; }

    string RemoteAddress { get; }

    /// <summary>See <see cref="IConnection.ContinuesOnLoop"/>.</summary>
    bool ContinuesOnLoop { get; }

    /// <summary>
    /// Fills a part of <paramref name="destination"/>, borrowed until completion; 0 is the end. Errors: IOException.
    /// </summary>
    ValueTask<int> ReceiveAsync(Memory<byte> destination);

    /// <summary>
    /// Sends all pieces in order; list and bytes are borrowed until completion. Errors: IOException.
    /// </summary>
    ValueTask SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> pieces);

    /// <summary>Tells the peer that no more comes; receiving goes on.</summary>
    void FinishSending();

    /// <summary>Ends both directions at once; whoever waits fails with an IOException or sees the end.</summary>
    void Abort();
}
