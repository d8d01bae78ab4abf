using System.Globalization;
using System.Text;
using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Checking;

/// <summary>
/// Puts names in order: each entry names an inode that is there and lies where lookups look, each directory has one
/// name and leads to the root, and what has no name gets one in /lost+found. Counts follow from the entries.
/// </summary>
/// <param name="rows">What is mended.</param>
/// <param name="hash">Where names lie.</param>
/// <param name="stamp">Time of what is made.</param>
internal sealed class TreeRepair(RowSet rows, NameHash hash, Stamp stamp)
{
    private const uint RootMode = FileMode.Directory | 0x1ED;        // 0755
    private const uint LostFoundMode = FileMode.Directory | 0x1C0;   // 0700

    private readonly Dictionary<InodeId, Dictionary<string, DentryRow>> _entries = [];
    private readonly Dictionary<InodeId, InodeId> _parentOf = [];
    private readonly Dictionary<InodeId, uint> _links = [];

    public void Run()
    {
        var hasRoot = rows.Inodes.TryGetValue(InodeId.Root, out var root) && root.Attributes.IsDirectory;
        if (!hasRoot) MakeRoot();
        foreach (var entry in rows.Entries) Place(entry);
        CutCycles();
        NameTheNameless();
        rows.Entries = Settle();
        Correct();
    }

    private void MakeRoot()
    {
        var (uid, gid) = rows.Entries
            .Where(entry => entry.Directory == InodeId.Root && rows.Inodes.ContainsKey(entry.Child))
            .Select(entry => OwnerOf(entry.Child)).FirstOrDefault();
        rows.Inodes[InodeId.Root] = Directory(InodeId.Root, InodeId.Root, RootMode, uid, gid);
        rows.SayLost("The root directory was lost, and made anew", "inode 1");
    }

    // What is made belongs to whom its neighbours belong to: the file system may be a user's own.
    private (uint Uid, uint Gid) OwnerOf(InodeId id) =>
        (rows.Inodes[id].Attributes.Uid, rows.Inodes[id].Attributes.Gid);

    private InodeRow Directory(InodeId id, InodeId parent, uint mode, uint uid, uint gid) => new(
        new(id, 1, mode, 2, uid, gid, 0, 0, 0, stamp, stamp, stamp, stamp, 1), parent, stamp);

    private void Place(DentryRow entry)
    {
        var where = $"entry '{entry.Name}' of directory {entry.Directory}";
        var isInDirectory = rows.Inodes.TryGetValue(entry.Directory, out var directory)
            && directory.Attributes.IsDirectory;
        if (!isInDirectory || !rows.Inodes.TryGetValue(entry.Child, out var child))
        {
            rows.SayLost(
                isInDirectory ? $"Inode {entry.Child}, which an entry named, is lost: the entry was dropped"
                    : $"An entry in what is no directory was dropped; it named inode {entry.Child}", where);
            return;
        }

        if (entry.Child == InodeId.Root)
        {
            rows.Say("An entry named the root, and was dropped", where);
            return;
        }

        var isDirectory = child.Attributes.IsDirectory;
        if (isDirectory && _parentOf.TryGetValue(entry.Child, out var other))
        {
            // The directory itself says which one is right.
            if (child.Parent != entry.Directory || other == entry.Directory)
            {
                rows.Say($"A second name of directory {entry.Child} was dropped", where);
                return;
            }

            Remove(other, entry.Child);
            rows.Say($"A second name of directory {entry.Child} was dropped", $"directory {other}");
        }

        var type = FileMode.DirentType(child.Attributes.Mode);
        if (entry.Type != type) rows.Say($"An entry's type was corrected to {type}", where);
        if (!Names(entry.Directory).TryAdd(Key(entry.Name), entry with { Type = type }))
        {
            rows.Say($"A name was there twice: the one of inode {entry.Child} was dropped", where);
            return;
        }

        if (isDirectory) _parentOf[entry.Child] = entry.Directory;
        _links[entry.Child] = _links.GetValueOrDefault(entry.Child) + 1;
    }

    private void Remove(InodeId directory, InodeId child)
    {
        foreach (var (key, entry) in Names(directory))
        {
            if (entry.Child != child) continue;
            Names(directory).Remove(key);
            break;
        }

        _links[child]--;
        _parentOf.Remove(child);
    }

    private void CutCycles()
    {
        var reaches = new HashSet<InodeId> { InodeId.Root };
        foreach (var id in rows.Inodes.Keys.ToList())
        {
            var path = new HashSet<InodeId>();
            var at = id;
            while (!reaches.Contains(at) && _parentOf.TryGetValue(at, out var above) && path.Add(at)) at = above;
            if (path.Contains(at) && _parentOf.TryGetValue(at, out var parent))
            {
                rows.Say($"Directory {at} was its own parent's parent: its name was dropped", $"directory {parent}");
                Remove(parent, at);
            }

            reaches.UnionWith(path);
        }
    }

    private void NameTheNameless()
    {
        foreach (var (id, _) in rows.Orphans.ToList())
        {
            if (rows.Inodes.ContainsKey(id) && _links.GetValueOrDefault(id) == 0) continue;
            rows.Orphans.Remove(id);
            rows.Say("An orphan's row of what has names or is not there was dropped", $"inode {id}");
        }

        foreach (var (id, row) in rows.Inodes.ToList())
        {
            if (id == InodeId.Root || _links.GetValueOrDefault(id) > 0 || rows.Orphans.ContainsKey(id)) continue;
            var lostFound = FindLostFound();
            if (id == lostFound) continue;
            var names = Names(lostFound);
            var name = string.Create(CultureInfo.InvariantCulture, $"inode-{id.Value}");
            for (var again = 2; names.ContainsKey(name); again++)
            {
                name = string.Create(CultureInfo.InvariantCulture, $"inode-{id.Value}-{again}");
            }

            Add(lostFound, name, id);
            rows.Say($"It had no name, and is /lost+found/{name} now", $"inode {id}");
        }
    }

    private InodeId FindLostFound()
    {
        const string name = "lost+found";
        var names = Names(InodeId.Root);
        if (names.TryGetValue(name, out var known) && rows.Inodes[known.Child].Attributes.IsDirectory)
            return known.Child;
        var free = name;
        for (var again = 2; names.ContainsKey(free); again++)
            free = string.Create(CultureInfo.InvariantCulture, $"{name}-{again}");

        // A number that was never given out: above all that are in use and all that were promised.
        var highest = rows.Inodes.Keys.Where(static id => id.Shard.Value == 0).Max(static id => id.Counter);
        var ceiling = rows.Shards.GetValueOrDefault(new(0))?.InodeCeiling ?? 0;
        var id = InodeId.Of(new(0), Math.Max(highest + 1, ceiling));
        var (uid, gid) = OwnerOf(InodeId.Root);
        rows.Inodes[id] = Directory(id, InodeId.Root, LostFoundMode, uid, gid);
        Add(InodeId.Root, free, id);
        rows.Say($"/{free} was made", $"inode {id}");
        return id;
    }

    private void Add(InodeId directory, string name, InodeId child)
    {
        Invariant.That(FsName.TryParse(Encoding.ASCII.GetBytes(name), out var parsed) == FsError.None);
        var row = rows.Inodes[child];
        Names(directory).Add(name, new(directory, parsed, 0, child, FileMode.DirentType(row.Attributes.Mode), stamp));
        _links[child] = 1;
        if (row.Attributes.IsDirectory) _parentOf[child] = directory;
    }

    // Cookies that are right stay: a reader of the directory may go on after them.
    private List<DentryRow> Settle()
    {
        var settled = new List<DentryRow>();
        foreach (var (directory, names) in _entries.OrderBy(static pair => pair.Key))
        {
            var taken = new HashSet<ulong>();
            foreach (var entry in names.Values)
            {
                if (entry.Cookie - hash.FirstKey(entry.Name.Bytes) <= NameHash.IndexMax && taken.Add(entry.Cookie))
                    settled.Add(entry);
            }

            foreach (var entry in names.Values.Except(settled).ToList())
            {
                var cookie = hash.FirstKey(entry.Name.Bytes);
                while (!taken.Add(cookie)) cookie++;
                var shard = directory.Shard;
                if (cookie != hash.FirstKey(entry.Name.Bytes) && rows.Shards.TryGetValue(shard, out var kept))
                    rows.Shards[shard] = kept with { HasCollisions = true };
                settled.Add(entry with { Cookie = cookie });
                if (entry.Cookie != 0)
                    rows.Say($"The entry '{entry.Name}' lay where no lookup finds it", $"directory {directory}");
            }
        }

        return settled;
    }

    private void Correct()
    {
        var directories = _parentOf.GroupBy(static pair => pair.Value)
            .ToDictionary(static group => group.Key, static group => (uint)group.Count());
        foreach (var (id, row) in rows.Inodes.ToList())
        {
            var attributes = row.Attributes;
            var mended = row;
            if (attributes.IsDirectory)
            {
                var isOrphan = rows.Orphans.ContainsKey(id);
                var parent = id == InodeId.Root ? id : _parentOf.GetValueOrDefault(id, row.Parent);
                mended = row with
                {
                    Parent = parent,
                    Attributes = attributes with
                    {
                        Nlink = isOrphan ? 0 : 2 + directories.GetValueOrDefault(id),
                        SizeBytes = isOrphan ? attributes.SizeBytes : (ulong)Names(id).Count,
                    },
                };
            }
            else
            {
                mended = row with { Attributes = attributes with { Nlink = _links.GetValueOrDefault(id) } };
            }

            if (mended == row) continue;
            rows.Inodes[id] = mended;
            rows.Say("Link count, size or parent were corrected", $"inode {id}");
        }
    }

    private Dictionary<string, DentryRow> Names(InodeId directory) =>
        _entries.TryGetValue(directory, out var names) ? names : _entries[directory] = [];

    // Names are bytes: a Latin-1 string has them all.
    private static string Key(FsName name) => Encoding.Latin1.GetString(name.Bytes);
}
