namespace ClaudeFs.DataPlane.Rpc;

/// <summary>What an <see cref="RpcClient"/>'s connection is in.</summary>
public enum RpcClientState
{
    /// <summary>Nobody has called yet.</summary>
    Idle,

    /// <summary>Trying, or pausing before it tries again.</summary>
    Connecting,

    /// <summary>Greeted; calls go out.</summary>
    Connected,

    /// <summary>Disposed.</summary>
    Closed,
}
