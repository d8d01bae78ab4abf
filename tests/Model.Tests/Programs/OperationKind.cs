namespace ClaudeFs.Model.Tests.Programs;

/// <summary>What a program of the model test can do; each is one call, or what a program would do in one go.</summary>
internal enum OperationKind
{
    /// <summary>lstat.</summary>
    Stat,

    /// <summary>stat.</summary>
    StatFollow,

    /// <summary>fstat.</summary>
    FStat,

    /// <summary>open with O_CREAT.</summary>
    Create,

    /// <summary>open without O_CREAT.</summary>
    Open,

    /// <summary>close.</summary>
    Close,

    /// <summary>pread.</summary>
    Read,

    /// <summary>pwrite; at the end of the file where it was opened with O_APPEND.</summary>
    Write,

    /// <summary>fsync; fdatasync when Flags is 1.</summary>
    Sync,

    /// <summary>open with O_DIRECTORY, fsync, close.</summary>
    SyncDirectory,

    /// <summary>truncate.</summary>
    Truncate,

    /// <summary>ftruncate.</summary>
    FTruncate,

    /// <summary>fallocate; Flags is its mode.</summary>
    Allocate,

    /// <summary>lseek with SEEK_DATA.</summary>
    SeekData,

    /// <summary>lseek with SEEK_HOLE.</summary>
    SeekHole,

    /// <summary>copy_file_range, once.</summary>
    CopyRange,

    /// <summary>mkdir.</summary>
    MakeDirectory,

    /// <summary>mknod; the type is in Mode.</summary>
    MakeNode,

    /// <summary>symlink; Other is the target.</summary>
    Symlink,

    /// <summary>readlink.</summary>
    ReadLink,

    /// <summary>link of Path at Other.</summary>
    Link,

    /// <summary>renameat2 without flags.</summary>
    Rename,

    /// <summary>renameat2 with RENAME_NOREPLACE.</summary>
    RenameNoReplace,

    /// <summary>renameat2 with RENAME_EXCHANGE.</summary>
    RenameExchange,

    /// <summary>unlink.</summary>
    Unlink,

    /// <summary>rmdir.</summary>
    RemoveDirectory,

    /// <summary>chmod.</summary>
    ChangeMode,

    /// <summary>fchmod.</summary>
    FChangeMode,

    /// <summary>lchown.</summary>
    ChangeOwner,

    /// <summary>utimensat, following; Offset is atime and Length mtime in seconds, or a constant of Times.</summary>
    SetTimes,

    /// <summary>futimens, as SetTimes.</summary>
    FSetTimes,

    /// <summary>lsetxattr; Other is the name, Length and Data the value, Flags its flags.</summary>
    SetXattr,

    /// <summary>lgetxattr into Length bytes; Other is the name.</summary>
    GetXattr,

    /// <summary>llistxattr.</summary>
    ListXattr,

    /// <summary>lremovexattr; Other is the name.</summary>
    RemoveXattr,

    /// <summary>The names of a directory and what they are.</summary>
    List,

    /// <summary>statfs.</summary>
    SpaceStat,

    /// <summary>open, pread, close: what somebody else sees of a file's content.</summary>
    ReadFile,

    /// <summary>Everything there is, content too, is looked at.</summary>
    Audit,
}

/// <summary>Special times of SetTimes, in seconds.</summary>
internal static class Times
{
    /// <summary>UTIME_NOW.</summary>
    public const long Now = -1;

    /// <summary>UTIME_OMIT.</summary>
    public const long Omit = -2;
}

/// <summary>open(2)'s flags. Source: asm-generic/fcntl.h.</summary>
internal static class OpenFlags
{
    public const int ReadOnly = 0;
    public const int WriteOnly = 1;
    public const int ReadWrite = 2;
    public const int AccessMask = 3;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int Truncate = 0x200;
    public const int Append = 0x400;
    public const int NonBlock = 0x800;
    public const int Directory = 0x10000;
    public const int NoFollow = 0x20000;
    public const int CloseOnExec = 0x80000;

    public static bool CanRead(int flags) => (flags & AccessMask) != WriteOnly;

    public static bool CanWrite(int flags) => (flags & AccessMask) != ReadOnly;
}
