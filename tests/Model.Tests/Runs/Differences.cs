using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Model.Tests.Reference;
using ClaudeFs.Model.Tests.Systems;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Runs;

/// <summary>
/// Everything in which one of the compared systems legitimately differs from the model: nothing else is let through.
/// </summary>
internal static class Differences
{
    /// <summary>The size of a directory: ours counts entries, ext4 blocks.</summary>
    public static bool HasSize(SystemKind system, ModelNode node) => system != SystemKind.Local || !node.IsDirectory;

    /// <summary>A local file system marks reads (relatime); ours does not, like noatime.</summary>
    public static bool HasAtime(SystemKind system) => system != SystemKind.Local;

    /// <summary>A local file system uses inode numbers again; ours never does.</summary>
    public static bool ReusesInodes(SystemKind system) => system == SystemKind.Local;

    /// <summary>A local clock ticks in steps: what moved may show the same time; it must not go back.</summary>
    public static bool HasCoarseClock(SystemKind system) => system == SystemKind.Local;

    /// <summary>
    /// The kernel cuts a copy at the size that it last saw of the source, before it asks the file system
    /// (generic_copy_file_checks): on a mount a program must look at a file that another mount has changed, as all that
    /// copy whole files do.
    /// </summary>
    public static bool LooksBeforeCopy(SystemKind system) => system == SystemKind.Mount;

    /// <summary>
    /// Which holes a file system knows is its own matter (lseek(2)): what it calls a hole must read as zeros, data that
    /// it passes over too.
    /// </summary>
    public static bool IsSeekRight(ModelNode node, Operation op, Outcome answer)
    {
        var (size, content) = (node.SizeBytes, node.Content);
        if (op.Offset < 0 || op.Offset >= size) return answer.Error == FsError.ENXIO;
        if (op.Kind == OperationKind.SeekData && answer.Error == FsError.ENXIO) return content.IsZero(op.Offset, size);
        if (answer.Error != FsError.None || answer.Value < op.Offset || answer.Value > size) return false;
        if (op.Kind == OperationKind.SeekData) return answer.Value < size && content.IsZero(op.Offset, answer.Value);
        return content.IsZero(answer.Value, answer.Value + 1);
    }
}
