using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>Which handler serves which opcode; filled at start, then shared by all connections of a process.</summary>
public sealed class RpcRouter
{
    private readonly RpcHandler?[] _handlers = new RpcHandler?[OpcodeTable.Count];

    /// <summary>
    /// Binds a handler; throws ArgumentException for opcodes of the connection itself and for a second handler.
    /// </summary>
    public RpcRouter Map(Opcode opcode, RpcHandler handler)
    {
        var info = OpcodeTable.Find(opcode);
        if (info.IsControl) throw new ArgumentException($"{opcode} is served by the connection itself", nameof(opcode));
        if (_handlers[info.Index] is not null) throw new ArgumentException($"{opcode} has a handler", nameof(opcode));
        _handlers[info.Index] = handler;
        return this;
    }

    internal RpcHandler? Find(OpcodeInfo info) => _handlers[info.Index];
}
