using ClaudeFs.Model.Tests.Programs;

namespace ClaudeFs.Model.Tests.Systems;

/// <summary>A file system that a program runs on, with the open files of that one run in an empty directory.</summary>
internal interface ITestedSystem : IAsyncDisposable
{
    /// <summary>For people, and for the table of differences.</summary>
    SystemKind Kind { get; }

    /// <summary>Does it and answers; nothing that the operation can answer is thrown.</summary>
    ValueTask<Outcome> RunAsync(Operation op);
}

/// <summary>The systems that are compared with the model.</summary>
internal enum SystemKind
{
    /// <summary>The client library on an embedded silo.</summary>
    Library,

    /// <summary>`cfs dev` and `cfs mount`, by system calls.</summary>
    Mount,

    /// <summary>A directory of the machine, by system calls.</summary>
    Local,
}
