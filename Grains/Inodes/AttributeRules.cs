using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Inodes;

/// <summary>How operations change attributes, as Linux does it; nothing here reads or writes rows.</summary>
internal static class AttributeRules
{
    private const uint GroupExecute = 0x8;

    /// <summary>The inode was changed: ctime and change counter. Ctime never goes back.</summary>
    public static InodeAttributes Changed(this in InodeAttributes before, Stamp now) => before with
    {
        Ctime = before.Ctime.After(now),
        ChangeCounter = before.ChangeCounter + 1,
    };

    /// <summary>The content, or a directory's entries, were changed: mtime too.</summary>
    public static InodeAttributes Modified(this in InodeAttributes before, Stamp now)
    {
        var ctime = before.Ctime.After(now);
        return before with { Mtime = ctime, Ctime = ctime, ChangeCounter = before.ChangeCounter + 1 };
    }

    /// <summary>
    /// The content was written at <paramref name="written"/> by the clock of a lease's holder, who has shown that time
    /// already: ctime and mtime move forward to it, and never beyond now. An mtime that a user has set into the future
    /// gives way, as it does to any write.
    /// </summary>
    public static InodeAttributes Written(this in InodeAttributes before, Stamp now, Stamp written)
    {
        var latest = before.Ctime.After(now);
        var time = written > latest || written == Stamp.Zero ? latest : written;
        var mtime = before.Mtime > time && before.Mtime <= latest ? before.Mtime : time;
        var ctime = before.Ctime > time ? before.Ctime : time;
        return before with { Mtime = mtime, Ctime = ctime, ChangeCounter = before.ChangeCounter + 1 };
    }

    /// <summary>
    /// Mode after a write, truncation or change of owner: set-user-id goes, set-group-id where the group may execute
    /// (without
    /// that it means mandatory locking). Directories keep theirs. Source: setattr_should_drop_sgid in fs/attr.c.
    /// </summary>
    public static uint WithoutPrivileges(uint mode)
    {
        if (FileMode.IsDirectory(mode)) return mode;
        mode &= ~FileMode.SetUid;
        return (mode & GroupExecute) != 0 ? mode & ~FileMode.SetGid : mode;
    }

    /// <summary>Mode, owner and times of a change; the size is not touched here.</summary>
    public static InodeAttributes Apply(this in InodeAttributes before, in AttributesChange change, Stamp now)
    {
        var mask = change.Mask;
        var after = before.Changed(now);
        var mode = after.Mode;
        if (mask.HasFlag(AttributeMask.KillPrivileges) || (mask & (AttributeMask.Uid | AttributeMask.Gid)) != 0)
        {
            mode = WithoutPrivileges(mode);
        }

        if (mask.HasFlag(AttributeMask.Mode))
        {
            mode = (mode & FileMode.TypeMask) | (change.Mode & FileMode.PermissionMask);
            if (mask.HasFlag(AttributeMask.KillPrivileges)) mode = WithoutPrivileges(mode);
        }

        var ctime = after.Ctime;
        if (mask.HasFlag(AttributeMask.Ctime) && change.Ctime < ctime)
        {
            ctime = change.Ctime > before.Ctime ? change.Ctime : before.Ctime;
        }

        return after with
        {
            Mode = mode,
            Uid = mask.HasFlag(AttributeMask.Uid) ? change.Uid : after.Uid,
            Gid = mask.HasFlag(AttributeMask.Gid) ? change.Gid : after.Gid,
            Atime = mask.HasFlag(AttributeMask.AtimeNow) ? after.Ctime
                : mask.HasFlag(AttributeMask.Atime) ? change.Atime : after.Atime,
            Mtime = mask.HasFlag(AttributeMask.MtimeNow) ? after.Ctime
                : mask.HasFlag(AttributeMask.Mtime) ? change.Mtime : after.Mtime,
            Ctime = ctime,
        };
    }

    /// <summary>
    /// Whether the sticky bit of a directory keeps the caller from removing or renaming an entry: only the owner of
    /// the entry or of
    /// the directory, and root, may. Source: __check_sticky in fs/namei.c.
    /// </summary>
    public static bool IsStickyFor(in InodeAttributes directory, in InodeAttributes child, Caller caller) =>
        (directory.Mode & FileMode.Sticky) != 0 && caller.Uid != 0 && caller.Uid != child.Uid
        && caller.Uid != directory.Uid;

    /// <summary>
    /// Mode and group of a new inode: a set-group-id directory gives on its group, and the bit to directories.
    /// </summary>
    public static (uint Mode, uint Gid) Inherit(in InodeAttributes directory, uint mode, Caller caller)
    {
        if ((directory.Mode & FileMode.SetGid) == 0) return (mode, caller.Gid);
        return (FileMode.IsDirectory(mode) ? mode | FileMode.SetGid : mode, directory.Gid);
    }
}
