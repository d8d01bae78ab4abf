namespace ClaudeFs.Cli;

/// <summary>
/// Exit codes of `cfs`, documented in docs/operations/commands.md. Source: sysexits.h where it has one.
/// </summary>
internal enum ExitCode
{
    Success = 0,

    /// <summary>The command ran and found something wrong (fsck, doctor, status).</summary>
    ProblemsFound = 1,

    /// <summary>Bad arguments.</summary>
    Usage = 64,

    /// <summary>Data that is damaged or of another version.</summary>
    BadData = 65,

    /// <summary>Something needed is not there: /dev/fuse, a server, a mount point.</summary>
    Unavailable = 69,

    /// <summary>A fault of the program.</summary>
    Internal = 70,

    /// <summary>No space, or a file or directory cannot be made.</summary>
    CannotCreate = 73,

    /// <summary>I/O error.</summary>
    Io = 74,

    /// <summary>In use: the mount point, the data directory, the port. Trying later may help.</summary>
    Busy = 75,

    /// <summary>Not allowed.</summary>
    NoPermission = 77,
}
