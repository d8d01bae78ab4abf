using System.CommandLine;
using ClaudeFs.Cli.Hosting;
using ClaudeFs.Fuse.Session;
using ClaudeFs.Platform.Interop;

namespace ClaudeFs.Cli.Commands;

/// <summary>`cfs guard`: the process that <see cref="MountGuard"/> starts beside a daemon that mounts.</summary>
internal static class GuardCommand
{
    public const string Name = "guard";

    public static Command Build()
    {
        var process = new Argument<int>("PROCESS") { Description = "The daemon." };
        var thread = new Argument<int>("THREAD") { Description = "A thread of it that ends only with it." };
        var directory = new Argument<string>("DIR") { Description = "Where it has mounted." };
        var mount = new Argument<int>("MOUNT") { Description = "The kernel's number of the mount." };
        var connection = new Argument<int>("CONNECTION") { Description = "The number of its FUSE connection." };
        var command = new Command(Name, "Abort a mount's connection when its daemon was killed and cannot go.")
        {
            process, thread, directory, mount, connection,
        };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            var identity = new MountIdentity(
                parsed.GetValue(directory)!, parsed.GetValue(mount), parsed.GetValue(connection));
            return Run(parsed.GetValue(process), parsed.GetValue(thread), identity);
        });
        return command;
    }

    private static int Run(int process, int thread, MountIdentity mount)
    {
        _ = Posix.NewSession();   // Ctrl-C is for the daemon, which goes on until it has flushed
        try
        {
            if (ConnectionGuard.Watch(process, thread, mount))
            {
                Console.Error.WriteLine(
                    $"cfs: {mount.Path}: its daemon was killed and hangs in the kernel: connection aborted");
            }

            return (int)ExitCode.Success;
        }
        catch (FuseMountException fault)
        {
            throw new CommandFailure(ExitCode.Unavailable, fault.Message, fault);
        }
    }
}
