using System.Reflection;

namespace ClaudeFs.Runtime.Tests.Api;

/// <summary>Files that the project file names.</summary>
internal static class TestPaths
{
    public static string OrleansCoreAbstractions => Value("OrleansCoreAbstractions");

    public static string RepositoryRoot => Value("RepositoryRoot");

    private static string Value(string key)
        => typeof(TestPaths).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == key).Value!;
}
