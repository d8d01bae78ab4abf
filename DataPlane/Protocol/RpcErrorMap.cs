using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Protocol;

/// <summary>What a failed call means as an errno; total, held by a test.</summary>
public static class RpcErrorMap
{
    /// <summary>The errno for a code; EIO for what is nobody's ordinary refusal.</summary>
    public static FsError ToErrno(RpcErrorCode code) => code switch
    {
        RpcErrorCode.None => FsError.None,
        RpcErrorCode.RequestTimeout or RpcErrorCode.DeadlineExceeded => FsError.ETIMEDOUT,
        RpcErrorCode.PeerUnavailable => FsError.EHOSTUNREACH,
        RpcErrorCode.Overloaded or RpcErrorCode.PoolExhausted => FsError.EAGAIN,
        RpcErrorCode.Cancelled => FsError.EINTR,
        RpcErrorCode.UnknownOpcode => FsError.EOPNOTSUPP,
        RpcErrorCode.AccessDenied => FsError.EACCES,
        RpcErrorCode.UnsupportedVersion or RpcErrorCode.UnsupportedFlags or RpcErrorCode.ProtocolError
            or RpcErrorCode.HandshakeFailed => FsError.EPROTO,
        RpcErrorCode.PayloadTooLarge => FsError.E2BIG,
        _ => FsError.EIO,
    };
}
