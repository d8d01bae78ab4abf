namespace ClaudeFs.Primitives;

// Bounds of the wire: frames, connections, calls.
public static partial class Limits
{
    /// <summary>
    /// Payloads up to this are copied into the connection's send buffer; longer ones are sent from where they lie.
    /// </summary>
    public const int SendCopyBytesMax = 8 * 1024;

    /// <summary>
    /// Copied bytes that may wait in a connection's send queue; past it a sender waits until its frame is sent.
    /// </summary>
    public const int SendQueueBytesMax = 1 << 20;

    /// <summary>Bytes handed to the kernel in one vectored send: the write time-out counts from send to send.</summary>
    public const int SendBatchBytesMax = 1 << 20;

    /// <summary>Pieces in one vectored send (IOV_MAX is 1024).</summary>
    public const int SendPiecesMax = 256;

    /// <summary>
    /// A connection's receive buffer; a payload that does not fit is received into a buffer of its own.
    /// </summary>
    public const int ReceiveBufferBytes = 64 * 1024;

    /// <summary>Free bytes that the payload pool keeps in each of its size classes.</summary>
    public const int PayloadPoolClassBytesMax = 16 << 20;

    /// <summary>Free payload buffers kept in each size class, however small.</summary>
    public const int PayloadPoolClassCountMax = 4096;

    /// <summary>Connections that one listener serves at a time; the next is closed at once.</summary>
    public const int ConnectionsMax = 4096;

    /// <summary>Peers' calls that wait on a connection for a free handler; the next is answered Overloaded.</summary>
    public const int ServerQueuedCallsMax = 2048;

    /// <summary>Payload bytes of a peer's calls held on one connection; the next call is answered Overloaded.</summary>
    public const long ServerQueuedBytesMax = 64 << 20;

    /// <summary>Text of an error on the wire, UTF-8 bytes; longer text is cut.</summary>
    public const int RpcErrorTextBytesMax = 512;

    /// <summary>Name of a peer, UTF-8 bytes.</summary>
    public const int PeerNameBytesMax = 255;

    /// <summary>Items of one BlockPut frame; a longer batch is split.</summary>
    public const int BlockPutItemsMax = 1024;

    /// <summary>Addresses that a client is given to choose from.</summary>
    public const int ClientEndpointsMax = 64;

    /// <summary>Objects kept for reuse of each kind on a connection (pending calls, served calls, tickets).</summary>
    public const int RpcObjectPoolMax = 1024;

    /// <summary>Unread bytes on one direction of an in-process connection; past it the sender waits.</summary>
    public const int MemoryPipeBytesMax = 256 * 1024;
}
