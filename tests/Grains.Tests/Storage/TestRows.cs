using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Storage;

internal static class TestRows
{
    public static InodeRow File(InodeId id, Stamp stamp, ulong size = 0) => new(
        new(id, 1, FileMode.Regular | 0x1A4, 1, 1000, 100, 0, size, 0, stamp, stamp, stamp, stamp, 1), InodeId.None,
            stamp);

    public static InodeRow Directory(InodeId id, InodeId parent, Stamp stamp, ulong entries = 0) => new(
        new(id, 1, FileMode.Directory | 0x1ED, 2, 1000, 100, 0, entries, 0, stamp, stamp, stamp, stamp, 1), parent,
            stamp);

    public static DentryRow Entry(Shard shard, InodeId directory, string name, InodeId child, Stamp stamp) => new(
        directory, FsName.Of(name), shard.CookieFor(directory, FsName.Of(name)), child, 8, stamp);
}
