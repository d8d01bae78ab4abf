using System.CommandLine;

namespace ClaudeFs.Cli.Commands;

/// <summary>All commands of `cfs`.</summary>
internal static class CommandTree
{
    public static RootCommand Build() => new(
        "ClaudeFS: a POSIX file system. `cfs dev DIR` mounts one from this machine's disk.")
    {
        DevCommand.Build(),
        MountCommand.Build(),
        UmountCommand.Build(),
        SyncCommand.Build(),
        StatusCommand.Build(),
        FsckCommand.Build(),
        ScrubCommand.Build(),
        DoctorCommand.Build(),
        BenchCommand.Build(),
        AdminCommand.Build(),
        GuardCommand.Build(),
    };
}
