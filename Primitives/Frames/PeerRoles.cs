namespace ClaudeFs.Primitives.Frames;

/// <summary>What a peer is; a set of them says who may call an opcode. Numbers are on the wire.</summary>
[Flags]
public enum PeerRoles : byte
{
    None = 0,

    /// <summary>A server: grains and blocks.</summary>
    Silo = 1,

    /// <summary>A mount or a program using the library.</summary>
    Client = 2,

    /// <summary>A front end for another protocol.</summary>
    Gateway = 4,

    /// <summary>The administrator's command line.</summary>
    Admin = 8,

    All = Silo | Client | Gateway | Admin,
}
