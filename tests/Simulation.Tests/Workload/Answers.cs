using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Workload;

/// <summary>Answers of a client against what may be answered.</summary>
internal static class Answers
{
    /// <summary>Errors that say nothing about the file system: the connection, the session or the silo went.</summary>
    public static bool IsUnknown(FsError error) =>
        error is FsError.EIO or FsError.ETIMEDOUT or FsError.ENOTCONN or FsError.EHOSTUNREACH or FsError.ESTALE;

    public static void Check(string operation, FsError found, FsError[] expected)
    {
        var isRight = expected.Length == 0 ? found == FsError.None : expected.Contains(found);
        if (isRight) return;
        var wanted = expected.Length == 0 ? "success" : string.Join(" or ", expected);
        throw new SimulationFailureException($"{operation}: answered {found}, expected {wanted}");
    }

    public static void That(bool isRight, string operation, string fault)
    {
        if (!isRight) throw new SimulationFailureException($"{operation}: {fault}");
    }
}
