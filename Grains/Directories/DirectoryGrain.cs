using System.Buffers;
using System.Collections.Immutable;
using ClaudeFs.Grains.Hosting;
using ClaudeFs.Grains.Inodes;
using ClaudeFs.Grains.Intents;
using ClaudeFs.Grains.Storage;
using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains.Directories;

/// <summary>
/// One directory: its entries, its own row, and the first row of each child that is made in it. What changes rows of
/// other
/// inodes too takes their intents (<see cref="IntentSet"/>), looks again, and submits one batch, joint when shards
/// differ.
/// </summary>
[Reentrant]
internal sealed partial class DirectoryGrain(FileSystemCore core) : InodeOperationsGrain(core), IDirectoryGrain
{
    /// <inheritdoc/>
    public async ValueTask<FsResult<EntryReply>> LookupAsync(SessionId session, FsName name)
    {
        var refused = await AdmitReaderAsync(session);
        if (refused != FsError.None) return refused;

        // Leases first, rows after: what is read under a lease is what the lease covers.
        var entries = Leases.TryGrantRead(Inode, session);
        for (var round = 0; round < Limits.RevalidationsMax; round++)
        {
            var version = default(ReadVersion);
            if (Shard.FindDentry(Inode, name, ref version) is not { } dentry)
            {
                return await AnswerAbsentAsync(entries, version, session);
            }

            if (dentry.Child.Shard != Shard.Id)
            {
                var child = await GrainOf(dentry.Child, dentry.Type).GetAttributesAsync(session);
                if (child.Error == FsError.ESTALE) continue;
                if (child.IsError) return child.Error;
                var foreign = new EntryReply(child.Value.Attributes, entries, child.Value.Lease);
                return await Shard.ReplyAsync<EntryReply>(foreign, version, session);
            }

            var lease = Leases.TryGrantRead(dentry.Child, session);
            if (Shard.FindInode(dentry.Child, ref version) is { } row)
            {
                return await Shard.ReplyAsync<EntryReply>(
                    new EntryReply(row.Attributes, entries, lease), version, session);
            }

            // Removed between the two reads: the name is looked up again.
            Leases.Forget(dentry.Child, session);
        }

        return FsError.EAGAIN;
    }

    /// <inheritdoc/>
    public async ValueTask<FsResult<DirectoryPage>> ReadAsync(
        SessionId session, ulong cookie, int count, bool withAttributes)
    {
        var refused = await AdmitReaderAsync(session);
        if (refused != FsError.None) return refused;
        count = Math.Clamp(count, 1, Limits.EntriesPerPageMax);
        var lease = Leases.TryGrantRead(Inode, session);
        var version = default(ReadVersion);
        if (Shard.FindInode(Inode, ref version) is not { } row)
        {
            return await RefuseAsync<DirectoryPage>(FsError.ESTALE, version, session);
        }

        if (!row.Attributes.IsDirectory) return await RefuseAsync<DirectoryPage>(FsError.ENOTDIR, version, session);
        var dentries = ArrayPool<DentryRow>.Shared.Rent(count);
        try
        {
            var found = Shard.ReadDentries(Inode, cookie, dentries.AsSpan(0, count), ref version);
            var entries = ImmutableArray.CreateBuilder<DirectoryEntry>(found);
            for (var i = 0; i < found; i++)
            {
                entries.Add(withAttributes
                    ? await ReadEntryAsync(dentries[i], session)
                    : Plain(dentries[i]));
            }

            // Rows of children are read after the names: an answer rests on those too, and they are of this shard.
            if (withAttributes) NoteChildren(dentries.AsSpan(0, found), ref version);
            var page = new DirectoryPage(
                entries.DrainToImmutable(), found < count, row.Attributes, row.Parent, lease);
            return await Shard.ReplyAsync<DirectoryPage>(page, version, session);
        }
        finally
        {
            ArrayPool<DentryRow>.Shared.Return(dentries, clearArray: true);
        }
    }

    private static DirectoryEntry Plain(DentryRow dentry) =>
        new(dentry.Name, dentry.Child, dentry.Type, dentry.Cookie, default, LeaseGrant.None);

    private ValueTask<DirectoryEntry> ReadEntryAsync(DentryRow dentry, SessionId session)
    {
        if (dentry.Child.Shard != Shard.Id) return ReadForeignAsync(dentry, session);
        var lease = Leases.TryGrantRead(dentry.Child, session);
        var version = default(ReadVersion);
        if (Shard.FindInode(dentry.Child, ref version) is { } row)
        {
            return new(new DirectoryEntry(
                dentry.Name, dentry.Child, dentry.Type, dentry.Cookie, row.Attributes, lease));
        }

        // Removed since its name was read: listed without attributes, as a listing may show what went meanwhile.
        Leases.Forget(dentry.Child, session);
        return new(Plain(dentry));
    }

    private async ValueTask<DirectoryEntry> ReadForeignAsync(DentryRow dentry, SessionId session)
    {
        var child = await GrainOf(dentry.Child, dentry.Type).GetAttributesAsync(session);
        return child.IsError
            ? Plain(dentry)
            : Plain(dentry) with { Attributes = child.Value.Attributes, Lease = child.Value.Lease };
    }

    private void NoteChildren(ReadOnlySpan<DentryRow> dentries, ref ReadVersion version)
    {
        foreach (var dentry in dentries)
        {
            if (dentry.Child.Shard == Shard.Id) Shard.FindInode(dentry.Child, ref version);
        }
    }

    // Absence is an answer while the directory is there; the row is looked at only now, as a name found implies it.
    private ValueTask<FsResult<EntryReply>> AnswerAbsentAsync(
        LeaseGrant entries, ReadVersion version, SessionId session)
    {
        if (FindDirectory(ref version, out var error) is not null)
        {
            return Shard.ReplyAsync<EntryReply>(new EntryReply(default, entries, LeaseGrant.None), version, session);
        }

        if (error == FsError.ENOENT)
        {
            return Shard.ReplyAsync<EntryReply>(
                new EntryReply(default, LeaseGrant.None, LeaseGrant.None), version, session);
        }

        Leases.Forget(Inode, session);
        return RefuseAsync<EntryReply>(error, version, session);
    }

    // Errors: ESTALE (freed), ENOTDIR, ENOENT (removed, but someone has it open).
    private InodeRow? FindDirectory(ref ReadVersion version, out FsError error)
    {
        var row = Shard.FindInode(Inode, ref version);
        error = CheckDirectory(row);
        return error == FsError.None ? row : null;
    }

    private static FsError CheckDirectory(InodeRow? row)
    {
        if (row is null) return FsError.ESTALE;
        if (!row.Attributes.IsDirectory) return FsError.ENOTDIR;
        return row.Attributes.Nlink == 0 ? FsError.ENOENT : FsError.None;
    }

    private IInodeOperations GrainOf(InodeId inode, byte type) => IsDirectoryType(type)
        ? GrainFactory.GetGrain<IDirectoryGrain>((long)inode.Value)
        : GrainFactory.GetGrain<IInodeGrain>((long)inode.Value);

    private static bool IsDirectoryType(byte type) => type == FileMode.Directory >> 12;
}
