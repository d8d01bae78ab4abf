using System.Collections.Concurrent;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>A front end that remembers what it was told to drop.</summary>
internal sealed class RecordingSink : IInvalidationSink
{
    public ConcurrentBag<InodeId> Inodes { get; } = [];

    public ConcurrentBag<FsName> Names { get; } = [];

    public Func<InodeId, Task>? OnInode { get; init; }

    public Func<FsName, Task>? OnName { get; init; }

    public async ValueTask InvalidateInodeAsync(InodeId inode, long offset, long length)
    {
        Inodes.Add(inode);
        if (OnInode is not null) await OnInode(inode);
    }

    public async ValueTask InvalidateEntryAsync(InodeId parent, FsName name)
    {
        Names.Add(name);
        if (OnName is not null) await OnName(name);
    }
}
