using ClaudeFs.Grains.Inodes;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Quotas;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Directories;

internal sealed partial class DirectoryGrain
{
    private const uint SymlinkPermissions = 0x1FF;

    /// <inheritdoc/>
    public ValueTask<FsResult<EntryReply>> MakeAsync(OperationContext op, FsName name, MakeRequest request) =>
        ChangeAsync(op, RecallCause.EntriesChange, name, (name, request),
            static (InodeOperationsGrain self, in OperationContext op, (FsName, MakeRequest) state,
                out QuotaNeed need) =>
                ((DirectoryGrain)self).ApplyMakeAsync(op, state.Item1, state.Item2, out need));

    private ValueTask<FsResult<EntryReply>> ApplyMakeAsync(
        in OperationContext op, FsName name, MakeRequest request, out QuotaNeed need)
    {
        need = default;
        var session = op.Id.Session;
        var version = default(ReadVersion);
        var row = FindDirectory(ref version, out var error);
        if (row is null) return RefuseAsync<EntryReply>(error, version, session);
        if (Shard.FindDentry(Inode, name, ref version) is not null)
        {
            return RefuseAsync<EntryReply>(FsError.EEXIST, version, session);
        }

        error = CheckRequest(request, row.Attributes);
        if (error != FsError.None) return RefuseAsync<EntryReply>(error, version, session);
        if (Shard.Refusal(OperationKind.EntryMade) is var refusal and not FsError.None) return new(refusal);

        var (mode, gid) = AttributeRules.Inherit(row.Attributes, request.Mode, op.Caller);
        var home = FileMode.IsDirectory(mode) ? HomeOf(row) : Shard;
        var ticket = new QuotaTicket(Memory, Core.Quotas);
        if (!ticket.TryCharge(CounterKey.User(op.Caller.Uid), CounterKey.Group(gid), 0, 1))
        {
            need = ticket.Need;
            return default;
        }

        var joint = new JointBatch(Core, Shard, op, OperationKind.EntryMade);
        var child = PutChild(joint, home, op.Caller.Uid, gid, mode, request);
        PutParent(joint, row, child);
        joint.PutEntry(Inode, name, null, child.Inode, child.Mode);
        joint.Own.SetAnswer<EntryReply>(new EntryReply(child, LeaseGrant.None, LeaseGrant.None));
        var reply = GrantMade(child, session);
        var commit = joint.Submit();
        ticket.Settle();
        if (commit.IsRefused) Leases.Forget(child.Inode);
        return commit.WhenCommitted<EntryReply>(reply);
    }

    // Before the rows are there for others to find: nobody else can know the new inode, and the intent on this
    // directory is
    // ours, so both leases stand in nobody's way.
    private EntryReply GrantMade(in InodeAttributes child, SessionId session)
    {
        if (session == SessionId.None) return new(child, LeaseGrant.None, LeaseGrant.None);
        var entries = Leases.Grant(Inode, session, LeaseMode.Read);
        var isOwn = child.Inode.Shard == Shard.Id;
        if (!isOwn) return new(child, entries, LeaseGrant.None);
        var mode = child.IsRegular ? LeaseMode.Write : LeaseMode.Read;
        return new(child, entries, Leases.Grant(child.Inode, session, mode));
    }

    private InodeAttributes PutChild(
        JointBatch joint, Shard home, uint uid, uint gid, uint mode, MakeRequest request)
    {
        var isDirectory = FileMode.IsDirectory(mode);
        var isSymlink = FileMode.IsSymlink(mode);
        var inode = home.NextInode();
        var now = joint.Stamp;
        var isDevice = (mode & FileMode.TypeMask) is FileMode.BlockDevice or FileMode.CharacterDevice;
        var child = new InodeAttributes(
            inode, Core.Store.Identity.Incarnation, isSymlink ? FileMode.Symlink | SymlinkPermissions : mode,
            isDirectory ? 2u : 1u, uid, gid, isDevice ? request.Rdev : 0,
            isSymlink ? (ulong)request.Target!.Length : 0, 0, now, now, now, now, 1);
        var batch = joint.Of(inode);
        joint.Put(child, isDirectory ? Inode : InodeId.None);
        if (isSymlink) batch.Put(new InlineRow(inode, request.Target!, batch.Stamp));
        batch.AddCounter(CounterKey.User(uid), 0, 1);
        batch.AddCounter(CounterKey.Group(gid), 0, 1);
        return child;
    }

    private static void PutParent(JointBatch joint, InodeRow row, in InodeAttributes child)
    {
        var before = row.Attributes;
        joint.Put(before.Modified(joint.Stamp) with
        {
            SizeBytes = before.SizeBytes + 1,
            Nlink = child.IsDirectory ? before.Nlink + 1 : before.Nlink,
        }, row.Parent);
    }

    // New directories of the top two levels are spread, so that a tree's load is; below them families stay together.
    private Shard HomeOf(InodeRow row) =>
        Inode == InodeId.Root || row.Parent == InodeId.Root ? Core.LeastLoadedShard() : Shard;

    private static FsError CheckRequest(MakeRequest request, in InodeAttributes directory)
    {
        switch (request.Mode & FileMode.TypeMask)
        {
            case FileMode.Directory:
                return directory.Nlink >= Limits.LinksMax ? FsError.EMLINK : FsError.None;
            case FileMode.Symlink:
                if (request.Target is not { Length: > 0 } target) return FsError.ENOENT;
                return target.Length > Limits.SymlinkBytesMax ? FsError.ENAMETOOLONG : FsError.None;
            case FileMode.Regular or FileMode.Socket or FileMode.Fifo or FileMode.BlockDevice
                or FileMode.CharacterDevice:
                return FsError.None;
            default:
                return FsError.EINVAL;
        }
    }
}
