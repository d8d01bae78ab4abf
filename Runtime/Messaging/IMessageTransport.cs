namespace Orleans.Messaging;

/// <summary>
/// Carries the runtime's messages between processes. One connection serves both directions: whoever was called may call
/// back over it. The transport matches answers to requests; a message is at most <c>WireLimits.MessageBytesMax</c>
/// bytes.
/// </summary>
internal interface IMessageTransport
{
    /// <summary>Connects to <paramref name="endpoint"/> (<c>host:port</c>); messages from there go to the
    /// handler.</summary>
    ValueTask<IMessagePeer> ConnectAsync(string endpoint, CancellationToken cancellationToken);

    /// <summary>Sets who answers messages from peers, those that connected to us and those that we connected
    /// to.</summary>
    void SetHandler(MessageHandler handler);
}

/// <summary>A connection to another process.</summary>
internal interface IMessagePeer
{
    /// <summary>For logs.</summary>
    string Name { get; }

    /// <summary>Cancelled when the connection is gone.</summary>
    CancellationToken Closed { get; }

    /// <summary>
    /// Sends a request and waits for its answer. The request's bytes are the caller's again when the task has
    /// completed;
    /// the answer's bytes are the caller's for good. Fails with <see cref="TimeoutException"/> after
    /// <paramref name="timeLeft"/>, with <see cref="IOException"/> when the connection is lost; then the outcome is
    /// unknown.
    /// </summary>
    ValueTask<ReadOnlyMemory<byte>> SendAsync(
        ReadOnlyMemory<byte> request, TimeSpan timeLeft, CancellationToken cancellationToken);

    /// <summary>Sends a request that has no answer; completes when the bytes are the caller's again.</summary>
    ValueTask SendOneWayAsync(ReadOnlyMemory<byte> request, CancellationToken cancellationToken);

    /// <summary>Closes the connection.</summary>
    ValueTask CloseAsync();
}

/// <summary>
/// Answers a request. Its bytes are valid until the task has completed; the answer's bytes are never touched again by
/// the
/// handler, so the transport may send them without a copy. Never throws for malformed bytes: it answers with an error.
/// The
/// answer to a one-way request is empty. The token is cancelled when the caller has given up or the connection is gone.
/// </summary>
internal delegate ValueTask<ReadOnlyMemory<byte>> MessageHandler(
    IMessagePeer peer, ReadOnlyMemory<byte> request, CancellationToken cancellationToken);
