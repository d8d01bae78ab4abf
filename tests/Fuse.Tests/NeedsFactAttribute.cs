using System.Diagnostics;
using System.Reflection;

namespace ClaudeFs.Fuse.Tests;

/// <summary>A test that is skipped, with the reason, where a program (looked for in PATH) or a file is
/// missing.</summary>
public sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(params string[] needs)
    {
        foreach (var need in needs)
        {
            if (!IsThere(need)) Skip = $"{need} is missing";
        }
    }

    internal static bool IsThere(string need) => need.StartsWith('/')
        ? File.Exists(need)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(
            folder => File.Exists(Path.Combine(folder, need)));
}

/// <summary>A test on a real mount: skipped, with the reason, without /dev/fuse or root.</summary>
public sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute()
    {
        if (!File.Exists("/dev/fuse")) Skip = "there is no /dev/fuse";
        else if (Platform.Interop.Libc.EffectiveUser() != 0) Skip = "only root may mount";
    }
}

/// <summary>A test of allocation: async methods of a debug build always allocate.</summary>
public sealed class ReleaseFactAttribute : FactAttribute
{
    public ReleaseFactAttribute()
    {
        var debuggable = typeof(ErrorMap).Assembly.GetCustomAttribute<DebuggableAttribute>();
        if (debuggable?.IsJITOptimizerDisabled == true) Skip = "a debug build allocates where a release build does not";
    }
}
