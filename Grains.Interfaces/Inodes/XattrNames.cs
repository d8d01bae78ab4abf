using ClaudeFs.Primitives;

namespace ClaudeFs.Grains;

/// <summary>Which names of extended attributes are served. Source: xattr(7), fs/xattr.c.</summary>
public static class XattrNames
{
    private static readonly byte[][] Prefixes = ["user."u8.ToArray(), "trusted."u8.ToArray(), "security."u8.ToArray()];

    /// <summary>
    /// Errors: EOPNOTSUPP for other prefixes ("system." names are ACLs, which are not served yet), EINVAL for a prefix
    /// alone.
    /// </summary>
    public static FsError Check(FsName name)
    {
        foreach (var prefix in Prefixes)
        {
            if (!name.Bytes.StartsWith(prefix)) continue;
            return name.Length == prefix.Length ? FsError.EINVAL : FsError.None;
        }

        return FsError.EOPNOTSUPP;
    }
}
