using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse;

/// <summary>
/// Errors of the file system as errnos of the FUSE protocol. Every <see cref="FsError"/> is listed; most are Linux
/// errnos already. The kernel takes 1 to 511.
/// </summary>
public static class ErrorMap
{
    private const int EIO = 5, EINTR = 4, EOPNOTSUPP = 95;

    /// <summary>The errno to answer with, positive. What is not an error, or unknown, is EIO.</summary>
    public static int ToErrno(FsError error) => TryMap(error, out var errno) ? errno : EIO;

    /// <summary>False for a value that is not listed.</summary>
    public static bool TryMap(FsError error, out int errno)
    {
        errno = error switch
        {
            // A caller that fails without an error is broken.
            FsError.None => EIO,

            // ENOSYS makes the kernel never send that opcode again: only the host says it, for what it does not have.
            FsError.ENOSYS => EOPNOTSUPP,
            FsError.ECANCELED => EINTR,

            // Faults of our own transport and storage: no application knows what to do with their numbers.
            FsError.EPROTO or FsError.EBADMSG or FsError.ETIME or FsError.ENOTCONN or FsError.ECONNABORTED => EIO,

            FsError.EPERM or FsError.ENOENT or FsError.EINTR or FsError.EIO or FsError.ENXIO or FsError.E2BIG
                or FsError.EBADF or FsError.EAGAIN or FsError.ENOMEM or FsError.EACCES or FsError.EBUSY
                or FsError.EEXIST or FsError.EXDEV or FsError.ENODEV or FsError.ENOTDIR or FsError.EISDIR
                or FsError.EINVAL or FsError.ENOTTY or FsError.ETXTBSY or FsError.EFBIG or FsError.ENOSPC
                or FsError.EROFS or FsError.EMLINK or FsError.ERANGE or FsError.EDEADLK or FsError.ENAMETOOLONG
                or FsError.ENOLCK or FsError.ENOTEMPTY or FsError.ELOOP or FsError.ENODATA or FsError.EOVERFLOW
                or FsError.EOPNOTSUPP or FsError.ETIMEDOUT or FsError.EHOSTUNREACH or FsError.ESTALE
                or FsError.EDQUOT => (int)error,
            _ => 0,
        };
        return errno != 0;
    }
}
