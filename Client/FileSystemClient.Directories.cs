using ClaudeFs.Client.Nodes;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client;

// Listings.
public sealed partial class FileSystemClient
{
    // Cookies of "." and "..": a directory's own entries have none below.
    private const ulong CookieSelf = 1;
    private const ulong CookieParent = 2;

    private static readonly byte[] SelfName = [(byte)'.'];
    private static readonly byte[] ParentName = [(byte)'.', (byte)'.'];

    /// <inheritdoc />
    public ValueTask<FsResult<OpenedFile>> OpenDirectoryAsync(InodeId inode, CancellationToken cancellationToken)
    {
        var known = Pin(inode);
        var listing = new DirectoryHandle(NextHandle(), known);
        lock (known.Sync) known.OpenCount++;
        _directories[listing.Id] = listing;
        return new(new OpenedFile(listing.Id, KeepCache: false));
    }

    /// <inheritdoc />
    public async ValueTask<FsResult<ReadOnlyMemory<ListedEntry>>> ReadDirectoryAsync(
        InodeId inode, ulong handle, ulong cookie, bool withAttributes, CancellationToken cancellationToken)
    {
        _context.Instruments.Operations.Add(1);
        if (!_directories.TryGetValue(handle, out var listing) || listing.Inode.Id != inode) return FsError.EBADF;
        if (TryFindInPage(listing, cookie, withAttributes, out var rest)) return rest;

        var ticket = _leases.Begin(listing.Inode);
        var after = cookie <= CookieParent ? 0 : cookie;
        var reply = await _context.Caller.QueryAsync(
            (Grain: _leases.Directory(listing.Inode), After: after, WithAttributes: withAttributes),
            static (ask, session) => ask.Grain.ReadAsync(session, ask.After, Limits.EntriesPerPage, ask.WithAttributes),
            cancellationToken);
        if (reply.IsError) return reply.Error;
        SetPage(listing, cookie, withAttributes, reply.Value, ticket);
        return new ReadOnlyMemory<ListedEntry>(listing.Page);
    }

    /// <inheritdoc />
    public void ReleaseDirectory(InodeId inode, ulong handle)
    {
        if (!_directories.TryRemove(handle, out var listing)) return;
        bool isGone;
        lock (listing.Inode.Sync)
        {
            var isLast = --listing.Inode.OpenCount == 0;
            isGone = isLast && (listing.Inode.IsOrphan || listing.Inode.HasToldOpen);
        }

        if (isGone) LeaveOrphan(listing.Inode);
        listing.Inode.Unpin();
    }

    // The kernel takes what fits its buffer and comes back with the cookie of the last it took.
    private bool TryFindInPage(
        DirectoryHandle listing, ulong cookie, bool withAttributes, out ReadOnlyMemory<ListedEntry> rest)
    {
        rest = default;
        if (!listing.HasPage || cookie == 0 || (withAttributes && !listing.HasAttributes)) return false;
        for (var i = 0; i < listing.Page.Length; i++)
        {
            if (listing.Page[i].Cookie != cookie) continue;
            if (withAttributes) Renew(listing, i + 1);
            rest = listing.Page.AsMemory(i + 1);
            return !rest.IsEmpty || listing.IsLast;
        }

        return false;
    }

    // The page was read a while ago: of each inode is told what holds now, or nothing.
    private void Renew(DirectoryHandle listing, int from)
    {
        foreach (ref var entry in listing.Page.AsSpan(from))
        {
            if (entry.Node.Attributes.Inode.IsNone) continue;
            var isName = FsName.TryParse(entry.Name.Span, out var name) == FsError.None;
            var isKnown = TryLookup(listing.Inode, name, out var node) && node.Attributes.Inode == entry.Inode;
            entry = entry with { Node = isName && isKnown ? node : default };
        }
    }

    private void SetPage(
        DirectoryHandle listing, ulong cookie, bool withAttributes, DirectoryPage page, in Ticket ticket)
    {
        var directory = listing.Inode;
        _leases.Learn(directory, page.Directory, page.EntriesLease, ticket);
        lock (directory.Sync) directory.Parent = page.Parent;

        var entries = new List<ListedEntry>(page.Entries.Length + 2);
        var type = FileMode.DirentType(FileMode.Directory);
        if (cookie < CookieSelf) entries.Add(new ListedEntry(SelfName, directory.Id, type, CookieSelf, default));
        if (cookie < CookieParent) entries.Add(new ListedEntry(ParentName, page.Parent, type, CookieParent, default));
        foreach (var entry in page.Entries)
        {
            entries.Add(ToListed(directory, entry, page.EntriesLease, withAttributes, ticket));
        }

        listing.Page = [.. entries];
        (listing.PageAfter, listing.HasAttributes) = (cookie, withAttributes);
        (listing.IsLast, listing.HasPage) = (page.IsLast, true);
    }

    private ListedEntry ToListed(
        CachedInode directory, in DirectoryEntry entry, LeaseGrant lease, bool withAttributes, in Ticket ticket)
    {
        var node = default(Node);
        if (withAttributes && !entry.Attributes.Inode.IsNone)
        {
            var inode = _context.Nodes.Get(entry.Inode);
            _leases.Learn(inode, entry.Attributes, entry.Lease, ticket with { Lease = 0 });
            var ttl = LearnName(directory, entry.Name, entry.Inode, lease, ticket);
            node = _leases.ToNode(inode, ttl);
            inode.Unpin();
        }

        return new ListedEntry(entry.Name.Bytes.ToArray(), entry.Inode, entry.Type, entry.Cookie, node);
    }
}
