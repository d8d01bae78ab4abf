using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>Names seen lately, so that a repeated lookup allocates nothing. One reader's; not thread-safe.</summary>
internal sealed class NameCache
{
    private readonly FsName[] _names = new FsName[Limits.FuseNamesCachedMax];

    /// <summary>As <see cref="FsName.TryParse"/>.</summary>
    internal FsError TryGet(ReadOnlySpan<byte> bytes, out FsName name)
    {
        ref var slot = ref _names[Crc32c.Compute(bytes) & (Limits.FuseNamesCachedMax - 1)];
        if (bytes.Length != 0 && slot.Bytes.SequenceEqual(bytes))
        {
            name = slot;
            return FsError.None;
        }

        var error = FsName.TryParse(bytes, out name);
        if (error == FsError.None) slot = name;
        return error;
    }
}
