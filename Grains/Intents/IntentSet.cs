using ClaudeFs.Grains.Hosting;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Intents;

/// <summary>
/// The intents of one operation that changes several inodes, in any shards of this silo: taken in ascending order of
/// inode, so
/// that no two operations wait for each other, with the leases that stand against the change recalled; given back all
/// at once.
/// </summary>
internal sealed class IntentSet(FileSystemCore core, SessionId session)
{
    private const int CountMax = 5;
    private readonly Wish[] _wishes = new Wish[CountMax];
    private readonly IntentToken _token = IntentTable.NewToken();
    private int _count;
    private int _taken;

    /// <summary>Adds an inode; of several causes for one the one that recalls leases stays.</summary>
    public void Add(InodeId inode, RecallCause cause, FsName name = default)
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
        _wishes[at] = new(inode, core.MemoryOf(inode), cause, name);
        _count++;
    }

    /// <summary>
    /// Takes them all, or none; completes at once when nobody is in the way. Errors: EAGAIN (too many wait).
    /// </summary>
    public async ValueTask<FsError> TakeAsync()
    {
        try
        {
            while (_taken < _count)
            {
                var error = await TakeAsync(_wishes[_taken]);
                if (error != FsError.None)
                {
                    Release();
                    return error;
                }

                _taken++;
            }

            return FsError.None;
        }
        catch
        {
            Release();
            throw;
        }
    }

    /// <summary>Gives them back.</summary>
    public void Release()
    {
        for (var i = 0; i < _taken; i++) _wishes[i].Memory.Intents.Release(_wishes[i].Inode, _token);
        _taken = 0;
    }

    private ValueTask<FsError> TakeAsync(in Wish wish)
    {
        var intents = wish.Memory.Intents;
        if (!intents.TryTake(wish.Inode, _token)) return WaitAsync(wish);
        if (!HasConflict(wish)) return new(FsError.None);
        intents.Drain(wish.Inode, _token);
        return DrainAsync(wish);
    }

    private bool HasConflict(in Wish wish) =>
        wish.Cause != RecallCause.TreeLock && wish.Memory.Leases.HasConflict(wish.Inode, session, LeaseMode.Write);

    private async ValueTask<FsError> WaitAsync(Wish wish)
    {
        var error = await wish.Memory.Intents.TakeAsync(wish.Inode, _token);
        return error != FsError.None ? error : await DrainAsync(wish);
    }

    private async ValueTask<FsError> DrainAsync(Wish wish)
    {
        if (wish.Cause == RecallCause.TreeLock) await wish.Memory.Intents.FirmAsync(wish.Inode, _token);
        else await core.Recaller.DrainAsync(wish.Memory, wish.Inode, _token, session, LeaseMode.Write, wish.Cause,
            wish.Name);
        return FsError.None;
    }

    private readonly record struct Wish(InodeId Inode, ShardMemory Memory, RecallCause Cause, FsName Name);
}
