using System.Collections.Immutable;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Tests.Fakes;

/// <summary>A directory's grain.</summary>
internal sealed class FakeDirectoryGrain(FakeCluster cluster, InodeId id)
    : FakeInodeOperations(cluster, id), IDirectoryGrain
{
    public ValueTask<FsResult<EntryReply>> LookupAsync(SessionId session, FsName name) =>
        Cluster.AskAsync<EntryReply>("Lookup", () =>
        {
            if (Row is not { } row || !Cluster.IsOpen(session)) return FsError.ESTALE;
            var child = row.Find(name);
            return child.IsNone
                ? new EntryReply(default, Cluster.Grant(row, session, LeaseMode.Read), LeaseGrant.None)
                : Entry(row, Cluster.Row(child)!, session, LeaseMode.Read);
        });

    public ValueTask<FsResult<EntryReply>> MakeAsync(OperationContext op, FsName name, MakeRequest request) =>
        Cluster.DoAsync<EntryReply>("Make", op, Id, RecallCause.EntriesChange, now =>
        {
            var row = Row!;
            if (!row.Find(name).IsNone) return FsError.EEXIST;
            var child = Cluster.Add(request.Mode, op.Caller, now);
            child.Target = request.Target;
            child.Parent = Id;
            Link(row, name, child.Attributes.Inode);
            FakeCluster.Touch(row, now, 1, FileMode.IsDirectory(request.Mode) ? 1 : 0);
            var mode = FileMode.IsRegular(request.Mode) ? LeaseMode.Write : LeaseMode.Read;
            return Entry(row, child, op.Id.Session, mode);
        });

    public async ValueTask<FsResult<EntryReply>> LinkAsync(OperationContext op, FsName name, InodeId target)
    {
        await Cluster.RecallAsync(target, op.Id.Session, LeaseMode.Write, RecallCause.AttributesChange);
        return await Cluster.DoAsync<EntryReply>("Link", op, Id, RecallCause.EntriesChange, now =>
        {
            var (row, child) = (Row!, Cluster.Row(target)!);
            if (!row.Find(name).IsNone) return FsError.EEXIST;
            Link(row, name, target);
            FakeCluster.Touch(row, now, 1, 0);
            Relink(child, now, 1);
            return Entry(row, child, op.Id.Session, LeaseMode.Read);
        });
    }

    public async ValueTask<FsResult<RemovedReply>> UnlinkAsync(OperationContext op, FsName name)
    {
        var victim = Row!.Find(name);
        if (!victim.IsNone) await Cluster.RecallAsync(victim, op.Id.Session, LeaseMode.Write, RecallCause.LastUnlink);
        return await Cluster.DoAsync<RemovedReply>(
            "Unlink", op, Id, RecallCause.EntriesChange, now => Remove(op, name, now));
    }

    public ValueTask<FsResult<RemovedReply>> RemoveDirectoryAsync(OperationContext op, FsName name) =>
        Cluster.DoAsync<RemovedReply>("RemoveDirectory", op, Id, RecallCause.EntriesChange, now =>
        {
            var child = Row!.Find(name);
            if (!child.IsNone && Cluster.Row(child)!.ByName.Count > 0) return FsError.ENOTEMPTY;
            return Remove(op, name, now);
        });

    public async ValueTask<FsResult<RenamedReply>> RenameAsync(
        OperationContext op, FsName name, InodeId newParent, FsName newName, RenameFlags flags)
    {
        await Cluster.RecallAsync(newParent, op.Id.Session, LeaseMode.Write, RecallCause.EntriesChange);
        return await Cluster.DoAsync<RenamedReply>("Rename", op, Id, RecallCause.EntriesChange, now =>
        {
            var (from, to) = (Row!, Cluster.Row(newParent)!);
            var moved = from.Find(name);
            if (moved.IsNone) return FsError.ENOENT;
            var replaced = to.Find(newName);
            var replacedReply = default(RemovedReply);
            if ((flags & RenameFlags.Exchange) != 0)
            {
                Unlink(to, newName);
                Unlink(from, name);
                Link(from, name, replaced);
                replacedReply = new(replaced, false, Cluster.Row(replaced)!.Attributes);
            }
            else
            {
                if (!replaced.IsNone) replacedReply = Remove(op, to, newName, now).Value;
                Unlink(from, name);
            }

            Link(to, newName, moved);
            FakeCluster.Touch(from, now, -1, 0);
            FakeCluster.Touch(to, now, 1, 0);
            return new RenamedReply(Cluster.Row(moved)!.Attributes, replacedReply);
        });
    }

    public ValueTask<FsResult<DirectoryPage>> ReadAsync(
        SessionId session, ulong cookie, int count, bool withAttributes) =>
        new(Cluster.Ask<DirectoryPage>("Read", () =>
        {
            var row = Row!;
            var later = row.ByCookie.Where(pair => pair.Key > cookie).ToArray();
            var entries = later.Take(count).Select(pair =>
            {
                var child = Cluster.Row(pair.Value.Child)!;
                var lease = withAttributes ? Cluster.Grant(child, session, LeaseMode.Read) : LeaseGrant.None;
                var attributes = withAttributes ? child.Attributes : default;
                var type = FileMode.DirentType(child.Attributes.Mode);
                return new DirectoryEntry(pair.Value.Name, pair.Value.Child, type, pair.Key, attributes, lease);
            });
            return new DirectoryPage(
                entries.ToImmutableArray(), later.Length <= count, row.Attributes, row.Parent,
                Cluster.Grant(row, session, LeaseMode.Read));
        }));

    private static void Link(FakeInode row, FsName name, InodeId child)
    {
        var hash = 14695981039346656037UL;
        foreach (var letter in name.Bytes) hash = (hash ^ letter) * 1099511628211;
        var cookie = ((hash >> 12) << 8) | 3;
        while (row.ByCookie.ContainsKey(cookie)) cookie++;
        row.ByCookie.Add(cookie, (name, child));
        row.ByName.Add(name, cookie);
    }

    private static void Unlink(FakeInode row, FsName name)
    {
        row.ByName.Remove(name, out var cookie);
        row.ByCookie.Remove(cookie);
    }

    private static void Relink(FakeInode child, Stamp now, int links) => child.Attributes = child.Attributes with
    {
        Nlink = (uint)(child.Attributes.Nlink + links),
        Ctime = now,
        ChangeCounter = child.Attributes.ChangeCounter + 1,
    };

    private FsResult<RemovedReply> Remove(OperationContext op, FsName name, Stamp now) => Remove(op, Row!, name, now);

    private FsResult<RemovedReply> Remove(OperationContext op, FakeInode row, FsName name, Stamp now)
    {
        var id = row.Find(name);
        if (id.IsNone) return FsError.ENOENT;
        var child = Cluster.Row(id)!;
        Unlink(row, name);
        FakeCluster.Touch(row, now, -1, child.Attributes.IsDirectory ? -1 : 0);
        Relink(child, now, child.Attributes.IsDirectory ? -(int)child.Attributes.Nlink : -1);
        var isOrphan = child.Attributes.Nlink == 0;
        if (isOrphan) child.Orphans.Add(op.Id.Session);
        return new RemovedReply(id, isOrphan, child.Attributes);
    }

    private EntryReply Entry(FakeInode row, FakeInode child, SessionId session, LeaseMode mode) => new(
        child.Attributes, Cluster.Grant(row, session, LeaseMode.Read), Cluster.Grant(child, session, mode));
}
