using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.DataPlane.Transports;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>What became of a call: a payload, which the caller owns and disposes, or an error.</summary>
public readonly struct RpcReply : IDisposable
{
    private readonly PayloadOwner _payload;

    internal RpcReply(PayloadOwner payload)
    {
        _payload = payload;
        Error = null;
        WasSent = true;
    }

    internal RpcReply(RpcError error, bool wasSent)
    {
        _payload = default;
        Error = error;
        WasSent = wasSent;
    }

    /// <summary>Why it failed; null when it did not.</summary>
    public RpcError? Error { get; }

    /// <summary>
    /// Whether the peer may have seen the call: when false, nothing was done and it can be made again.
    /// </summary>
    public bool WasSent { get; }

    /// <summary>The answer's bytes, valid until this reply is disposed; empty for an error.</summary>
    public ReadOnlyMemory<byte> Payload => _payload.Memory;

    /// <summary>The answer's bytes as an owner, in place of disposing this reply.</summary>
    public PayloadOwner DetachPayload() => _payload;

    /// <summary>Throws <see cref="RpcException"/> for a failed call.</summary>
    public void ThrowIfError()
    {
        if (Error is not null) throw Error.ToException();
    }

    public void Dispose() => _payload.Dispose();
}
