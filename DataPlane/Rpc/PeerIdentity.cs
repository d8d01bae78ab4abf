using ClaudeFs.Primitives;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

/// <summary>Who a process says it is when it greets.</summary>
/// <param name="Role">Exactly one role.</param>
/// <param name="Name">1 to 255 bytes of UTF-8, unique among the peers of a server: a server finds a client by
/// it.</param>
/// <param name="Session">Its session, when it has one.</param>
public sealed record PeerIdentity(PeerRoles Role, string Name, SessionId Session = default);
