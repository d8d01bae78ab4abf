using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Bench.Grains;

/// <summary>The operations that are measured, by one embedded session in one directory.</summary>
internal sealed class MetadataRun(BenchSilo silo) : ILeaseHolder
{
    private const int WarmUpCount = 3000;
    private static readonly SessionId Session = new(11);
    private static readonly MakeRequest File = new(FileMode.Regular | 0x1A4, 0, null);
    private readonly List<InodeId> _files = [];
    private InodeId _directory;
    private ulong _number;
    private int _made;
    private int _renamed;

    public ValueTask<LeaseReturn> RecallAsync(LeaseRecall recall) => default;

    public async Task WarmUpAsync()
    {
        var holder = silo.Grains.CreateObjectReference<ILeaseHolder>(this);
        var session = silo.Grains.GetGrain<ISessionGrain>((long)Session.Value);
        Check(await session.OpenAsync(new("bench", true, false), holder));
        var root = silo.Grains.GetGrain<IDirectoryGrain>((long)InodeId.Root.Value);
        var op = new OperationContext(new(Session, InodeId.Root.Shard, 1), 1, Caller.Root, AckMode.Commit);
        var made = await root.MakeAsync(op, FsName.Of("d"), new(FileMode.Directory | 0x1ED, 0, null));
        _directory = Check(made).Attributes.Inode;
        for (var i = 0; i < WarmUpCount; i++)
        {
            await CreateAppliedAsync(i);
            await LookupAsync(i);
            await LookupAbsentAsync(i);
            await GetAttributesAsync(i);
            await SetAttributesAsync(i);
            if (i % 2 == 0) await RenameAsync(i);
        }
    }

    public ValueTask CreateAppliedAsync(int i) => CreateAsync(AckMode.Applied);

    public ValueTask CreateCommittedAsync(int i) => CreateAsync(AckMode.Commit);

    public async ValueTask LookupAsync(int i) =>
        Check(await Directory.LookupAsync(Session, FsName.Of($"f{_made - 1}")));

    public async ValueTask LookupAbsentAsync(int i) => Check(await Directory.LookupAsync(Session, FsName.Of("absent")));

    public async ValueTask GetAttributesAsync(int i) => Check(await Inode(i).GetAttributesAsync(Session));

    public async ValueTask SetAttributesAsync(int i) => Check(await Inode(i).SetAttributesAsync(
        Op(AckMode.Applied), new AttributesChange { Mask = AttributeMask.Mode, Mode = (uint)i & 0x1FF }));

    public async ValueTask RenameAsync(int i)
    {
        var name = _renamed++;
        Check(await Directory.RenameAsync(
            Op(AckMode.Applied), FsName.Of($"f{name}"), _directory, FsName.Of($"r{name}"), RenameFlags.None));
    }

    public async ValueTask UnlinkAsync(int i)
    {
        var removed = Check(await Directory.UnlinkAsync(Op(AckMode.Applied), FsName.Of($"r{i}")));
        await silo.Grains.GetGrain<IInodeGrain>((long)removed.Inode.Value).ForgetOrphanAsync(Session);
    }

    private IDirectoryGrain Directory => silo.Grains.GetGrain<IDirectoryGrain>((long)_directory.Value);

    // The newest thousand: their activations and rows are warm, as those of files in use are.
    private IInodeGrain Inode(int i) => silo.Grains.GetGrain<IInodeGrain>(
        (long)_files[_files.Count - 1 - (i % Math.Min(_files.Count, 1000))].Value);

    private async ValueTask CreateAsync(AckMode ack)
    {
        var name = FsName.Of($"f{_made++}");
        var made = Check(await Directory.MakeAsync(Op(ack), name, File));
        lock (_files) _files.Add(made.Attributes.Inode);
    }

    private OperationContext Op(AckMode ack)
    {
        var number = ++_number;
        return new(new(Session, _directory.Shard, number), number > 256 ? number - 256 : 1, Caller.Root, ack);
    }

    private static T Check<T>(FsResult<T> result) => result.IsError
        ? throw new InvalidOperationException($"An operation failed: {result.Error}")
        : result.Value;
}
