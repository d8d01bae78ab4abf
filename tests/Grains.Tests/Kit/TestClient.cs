using System.Collections.Concurrent;
using ClaudeFs.Primitives;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Kit;

/// <summary>One session as a test drives it: numbers its operations, answers recalls as it is told.</summary>
internal sealed class TestClient(TestSilo silo, ulong id) : ILeaseHolder
{
    private const ulong AnsweredBehind = 1024;

    private readonly Dictionary<ShardId, ulong> _numbers = [];

    public SessionId Id { get; } = new(id);

    public TestSilo Silo => silo;

    public Caller Caller { get; set; } = Caller.Root;

    public AckMode Ack { get; set; } = AckMode.Commit;

    /// <summary>Recalls that came, in order.</summary>
    public ConcurrentQueue<LeaseRecall> Recalls { get; } = new();

    /// <summary>How a recall is answered; by default everything is given back at once.</summary>
    public Func<LeaseRecall, ValueTask<LeaseReturn>> OnRecall { get; set; } = static _ => new(default(LeaseReturn));

    public static async Task<TestClient> OpenAsync(TestSilo silo, ulong id, bool isEmbedded = false)
    {
        var client = new TestClient(silo, id);
        var opened = await client.OpenAsync(isEmbedded);
        Assert.Equal(FsError.None, opened.Error);
        return client;
    }

    public ValueTask<FsResult<SessionWelcome>> OpenAsync(bool isEmbedded = false, bool isReturning = false) =>
        Grain.OpenAsync(
            new($"client {id}", isEmbedded, isReturning), silo.Grains.CreateObjectReference<ILeaseHolder>(this));

    /// <summary>Comes back after a restart of the silo, without taking a lease again.</summary>
    public async ValueTask<FsResult<Nothing>> ReturnAsync()
    {
        var opened = await OpenAsync(isReturning: true);
        return opened.IsError ? opened.Error : await Grain.SettleAsync();
    }

    public ISessionGrain Grain => silo.Grains.GetGrain<ISessionGrain>((long)id);

    public ValueTask<LeaseReturn> RecallAsync(LeaseRecall recall)
    {
        Recalls.Enqueue(recall);
        return OnRecall(recall);
    }

    /// <summary>
    /// The next operation that this inode's grain coordinates. It acknowledges what is so far behind that it has its
    /// answer.
    /// </summary>
    public OperationContext Op(InodeId coordinator)
    {
        ulong number;
        lock (_numbers) _numbers[coordinator.Shard] = number = _numbers.GetValueOrDefault(coordinator.Shard) + 1;
        var answered = number > AnsweredBehind ? number - AnsweredBehind : 1;
        return new(new(Id, coordinator.Shard, number), answered, Caller, Ack);
    }

    public ValueTask<FsResult<EntryReply>> LookupAsync(InodeId directory, string name) =>
        silo.Directory(directory).LookupAsync(Id, FsName.Of(name));

    public ValueTask<FsResult<EntryReply>> MakeAsync(
        InodeId directory, string name, uint mode, string? target = null, uint rdev = 0) =>
        silo.Directory(directory).MakeAsync(Op(directory), FsName.Of(name),
            new(mode, rdev, target is null ? null : System.Text.Encoding.UTF8.GetBytes(target)));

    public async Task<InodeId> FileAsync(InodeId directory, string name, uint permissions = 0x1A4) =>
        Ok(await MakeAsync(directory, name, FileMode.Regular | permissions)).Attributes.Inode;

    public async Task<InodeId> DirectoryAsync(InodeId directory, string name, uint permissions = 0x1ED) =>
        Ok(await MakeAsync(directory, name, FileMode.Directory | permissions)).Attributes.Inode;

    public ValueTask<FsResult<EntryReply>> LinkAsync(InodeId directory, string name, InodeId target) =>
        silo.Directory(directory).LinkAsync(Op(directory), FsName.Of(name), target);

    public ValueTask<FsResult<RemovedReply>> UnlinkAsync(InodeId directory, string name) =>
        silo.Directory(directory).UnlinkAsync(Op(directory), FsName.Of(name));

    public ValueTask<FsResult<RemovedReply>> RemoveDirectoryAsync(InodeId directory, string name) =>
        silo.Directory(directory).RemoveDirectoryAsync(Op(directory), FsName.Of(name));

    public ValueTask<FsResult<RenamedReply>> RenameAsync(
        InodeId directory, string name, InodeId newParent, string newName, RenameFlags flags = RenameFlags.None) =>
        silo.Directory(directory).RenameAsync(Op(directory), FsName.Of(name), newParent, FsName.Of(newName), flags);

    public async Task<InodeAttributes> StatAsync(InodeId inode) =>
        Ok(await silo.Inode(inode).GetAttributesAsync(Id)).Attributes;

    public ValueTask<FsResult<AttributesReply>> SetAsync(InodeId inode, AttributesChange change) =>
        silo.Inode(inode).SetAttributesAsync(Op(inode), change);

    public ValueTask<FsResult<AttributesReply>> TruncateAsync(InodeId inode, ulong sizeBytes) =>
        SetAsync(inode, new AttributesChange { Mask = AttributeMask.Size, SizeBytes = sizeBytes });

    public ValueTask<FsResult<AttributesReply>> WriteAsync(InodeId inode, WriteRequest request) =>
        silo.Inode(inode).WriteAsync(Op(inode), request);

    public ValueTask<FsResult<AttributesReply>> LeaseAsync(InodeId inode, LeaseMode mode) =>
        silo.Inode(inode).AcquireLeaseAsync(Id, mode);

    public async Task<List<DirectoryEntry>> ListAsync(InodeId directory, int pageCount = 100)
    {
        var all = new List<DirectoryEntry>();
        var cookie = 0UL;
        while (true)
        {
            var page = Ok(await silo.Directory(directory).ReadAsync(Id, cookie, pageCount, withAttributes: true));
            all.AddRange(page.Entries);
            if (page.IsLast) return all;
            cookie = page.Entries[^1].Cookie;
        }
    }

    public static T Ok<T>(FsResult<T> result)
    {
        Assert.Equal(FsError.None, result.Error);
        return result.Value;
    }
}
