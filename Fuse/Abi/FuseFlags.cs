namespace ClaudeFs.Fuse.Abi;

/// <summary>Constants of the device. Source: include/uapi/linux/fuse.h.</summary>
internal static class FuseProtocol
{
    public const uint Major = 7;
    public const uint Minor = 45;

    /// <summary>Oldest minor version that has every structure in the size used here (fuse_init_out grew in
    /// 7.23).</summary>
    public const uint MinorMin = 31;

    /// <summary>First minor version with <see cref="FuseNotifyCode.IncEpoch"/>.</summary>
    public const uint MinorWithIncEpoch = 44;

    /// <summary>_IOR(229, 0, uint32_t).</summary>
    public const uint CloneIoctl = 0x8004E500;

    public const ulong RootNode = 1;
}

/// <summary>INIT flags; the upper half travels in flags2. Source: fuse.h.</summary>
[Flags]
internal enum FuseInitFlags : ulong
{
    None = 0,
    AsyncRead = 1 << 0,
    AtomicOTrunc = 1 << 3,
    BigWrites = 1 << 5,
    AutoInvalData = 1 << 12,
    DoReadDirPlus = 1 << 13,
    ReadDirPlusAuto = 1 << 14,
    AsyncDio = 1 << 15,
    ParallelDirOps = 1 << 18,
    AbortError = 1 << 21,
    MaxPages = 1 << 22,
    CacheSymlinks = 1 << 23,
    HandleKillPrivV2 = 1 << 28,
    InitExt = 1 << 30,
}

/// <summary>fuse_setattr_in.valid. Source: fuse.h.</summary>
[Flags]
internal enum FuseSetAttrMask : uint
{
    Mode = 1 << 0,
    Uid = 1 << 1,
    Gid = 1 << 2,
    Size = 1 << 3,
    Atime = 1 << 4,
    Mtime = 1 << 5,
    Handle = 1 << 6,
    AtimeNow = 1 << 7,
    MtimeNow = 1 << 8,
    LockOwner = 1 << 9,
    Ctime = 1 << 10,
    KillSuidGid = 1 << 11,
}

/// <summary>fuse_open_out.open_flags. Source: fuse.h.</summary>
[Flags]
internal enum FuseOpenReply : uint
{
    None = 0,
    KeepCache = 1 << 1,
    CacheDir = 1 << 3,
    NoFlush = 1 << 5,
    ParallelDirectWrites = 1 << 6,
}

/// <summary>Single bits of several requests. Source: fuse.h.</summary>
internal static class FuseBits
{
    /// <summary>fuse_write_in.write_flags: pages that a mapping has written, at their own offset.</summary>
    public const uint WriteCache = 1 << 0;

    /// <summary>fuse_write_in.write_flags.</summary>
    public const uint WriteKillSuidGid = 1 << 2;

    /// <summary>fuse_open_in.open_flags and fuse_create_in.open_flags.</summary>
    public const uint OpenKillSuidGid = 1 << 0;

    /// <summary>fuse_fsync_in.fsync_flags.</summary>
    public const uint FSyncDataOnly = 1 << 0;
}
