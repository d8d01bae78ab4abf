using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Tests;

public class ErrorMapTests
{
    [Fact]
    public void Every_error_is_mapped_to_what_the_kernel_takes()
    {
        foreach (var error in Enum.GetValues<FsError>())
        {
            Assert.True(ErrorMap.TryMap(error, out var errno), error.ToString());
            Assert.InRange(errno, 1, 511);
            Assert.Equal(errno, ErrorMap.ToErrno(error));
        }
    }

    [Fact]
    public void What_the_kernel_would_remember_or_nobody_knows_is_translated()
    {
        Assert.Equal((int)FsError.EOPNOTSUPP, ErrorMap.ToErrno(FsError.ENOSYS));
        Assert.Equal((int)FsError.EIO, ErrorMap.ToErrno(FsError.None));
        Assert.Equal((int)FsError.EIO, ErrorMap.ToErrno((FsError)4711));
        Assert.Equal((int)FsError.EINTR, ErrorMap.ToErrno(FsError.ECANCELED));
        Assert.Equal((int)FsError.ENOENT, ErrorMap.ToErrno(FsError.ENOENT));
    }
}
