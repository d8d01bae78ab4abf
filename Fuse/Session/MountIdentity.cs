namespace ClaudeFs.Fuse.Session;

/// <summary>A mount, told from every other one that is or was on its directory.</summary>
/// <param name="Path">The directory, without symbolic links.</param>
/// <param name="MountId">The kernel's number of the mount: proc(5), mountinfo.</param>
/// <param name="Connection">The number of its FUSE connection: the minor number of its device.</param>
public readonly record struct MountIdentity(string Path, int MountId, int Connection);
