namespace OrleansCodeGen.Support;

/// <summary>Bounds of what is written and read.</summary>
public static class WireLimits
{
    /// <summary>Longest message, in bytes: what one RPC frame carries.</summary>
    public const int MessageBytesMax = 4 * 1024 * 1024;

    /// <summary>Deepest nesting of values.</summary>
    public const int DepthMax = 64;

    /// <summary>Longest type alias, in bytes.</summary>
    public const int AliasBytesMax = 512;
}
