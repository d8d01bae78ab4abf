using ClaudeFs.Grains.Hosting;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Intents;

/// <summary>
/// The intents of one operation that changes several inodes: taken in ascending order of inode, so that no two operations wait
/// for each other, with the leases that stand against the change recalled; given back all at once. Those of the coordinator's
/// shard are taken in its table, those of other shards through the inode's grain.
/// </summary>
internal sealed class IntentSet(FileSystemCore core, ShardMemory memory, IGrainFactory grains, OperationContext op)
{
    private const int CountMax = 5;
    private readonly Wish[] _wishes = new Wish[CountMax];
    private readonly IntentToken _token = memory.Intents.NewToken();
    private int _count;
    private int _taken;

    /// <summary>Adds an inode; of several causes for one the one that recalls leases stays.</summary>
    public void Add(InodeId inode, bool isDirectory, RecallCause cause, FsName name = default)
    {
        var at = 0;
        while (at < _count && _wishes[at].Inode < inode) at++;
        if (at < _count && _wishes[at].Inode == inode)
        {
            ref var same = ref _wishes[at];
            if (cause == RecallCause.TreeLock) return;
            if (same.Cause != RecallCause.TreeLock && same.Name != name) name = default;
            same = same with { Cause = cause, Name = name };
            return;
        }

        _wishes.AsSpan(at, _count - at).CopyTo(_wishes.AsSpan(at + 1));
        _wishes[at] = new(inode, isDirectory, cause, name);
        _count++;
    }

    /// <summary>
    /// Takes them all, or none. Completes at once when nobody is in the way and all are of this shard. Errors: ESTALE (an inode of
    /// another shard is gone), EAGAIN (too many wait).
    /// </summary>
    public async ValueTask<FsError> TakeAsync()
    {
        while (_taken < _count)
        {
            var error = await TakeAsync(_wishes[_taken]);
            if (error != FsError.None)
            {
                await ReleaseAsync();
                return error;
            }

            _taken++;
        }

        return FsError.None;
    }

    /// <summary>Gives them back; those of this shard in the calling turn.</summary>
    public async ValueTask ReleaseAsync()
    {
        var foreign = false;
        for (var i = 0; i < _taken; i++)
        {
            if (IsOwn(_wishes[i])) memory.Intents.Release(_wishes[i].Inode, _token);
            else foreign = true;
        }

        for (var i = 0; foreign && i < _taken; i++)
        {
            if (!IsOwn(_wishes[i])) await GrainOf(_wishes[i]).EndIntentAsync(op.Id);
        }

        _taken = 0;
    }

    private bool IsOwn(in Wish wish) => wish.Inode.Shard == memory.Shard.Id;

    private ValueTask<FsError> TakeAsync(in Wish wish)
    {
        if (!IsOwn(wish)) return BeginAsync(wish);
        if (!memory.Intents.TryTake(wish.Inode, _token)) return WaitAsync(wish);
        if (!HasConflict(wish)) return new(FsError.None);
        memory.Intents.Drain(wish.Inode, _token);
        return DrainAsync(wish);
    }

    private bool HasConflict(in Wish wish) =>
        wish.Cause != RecallCause.TreeLock && memory.Leases.HasConflict(wish.Inode, op.Id.Session, LeaseMode.Write);

    private async ValueTask<FsError> WaitAsync(Wish wish)
    {
        var error = await memory.Intents.TakeAsync(wish.Inode, _token);
        return error != FsError.None ? error : await DrainAsync(wish);
    }

    private async ValueTask<FsError> DrainAsync(Wish wish)
    {
        if (wish.Cause != RecallCause.TreeLock)
        {
            await core.Recaller.RecallAsync(
                memory.Leases, wish.Inode, op.Id.Session, LeaseMode.Write, wish.Cause, wish.Name);
        }

        await memory.Intents.FirmAsync(wish.Inode, _token);
        return FsError.None;
    }

    private async ValueTask<FsError> BeginAsync(Wish wish)
    {
        var begun = await GrainOf(wish).BeginIntentAsync(op.Id, op.Id.Session, wish.Cause);
        return begun.Error;
    }

    private IInodeOperations GrainOf(in Wish wish) => wish.IsDirectory
        ? grains.GetGrain<IDirectoryGrain>((long)wish.Inode.Value)
        : grains.GetGrain<IInodeGrain>((long)wish.Inode.Value);

    private readonly record struct Wish(InodeId Inode, bool IsDirectory, RecallCause Cause, FsName Name);
}
