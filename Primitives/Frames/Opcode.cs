namespace ClaudeFs.Primitives.Frames;

/// <summary>
/// What a frame asks for. Numbers are never reused; the high byte is the area. Who may call which, and under what name
/// it is measured, stands in <see cref="OpcodeTable"/>.
/// </summary>
public enum Opcode : ushort
{
    /// <summary>Answered with an empty payload: is anybody there.</summary>
    NoOp = 0x0000,

    /// <summary>The first frame of a connection and its answer: versions, role, name, session.</summary>
    Hello = 0x0001,

    /// <summary>One-way: nobody waits any more for the request with this frame's id.</summary>
    Cancel = 0x0002,

    /// <summary>Keeps a silent connection known alive; answered with an empty payload.</summary>
    Heartbeat = 0x0003,

    /// <summary>
    /// One-way: the sender closes the connection after this frame; the payload is an error saying why.
    /// </summary>
    Goodbye = 0x0004,

    /// <summary>One message of the actor runtime; payload and answer are its own.</summary>
    GrainCall = 0x0100,

    /// <summary>Stores a batch of blocks.</summary>
    BlockPut = 0x0200,

    /// <summary>Reads one stored block.</summary>
    BlockRead = 0x0201,

    /// <summary>Promises space for later puts, or gives some back.</summary>
    BlockReserve = 0x0202,

    /// <summary>Says how much space there is.</summary>
    BlockSpace = 0x0203,
}
