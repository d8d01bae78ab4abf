using ClaudeFs.Fuse.Session;

namespace ClaudeFs.Fuse.Tests.Session;

public class MountTableTests
{
    [Fact]
    public void TryParse_reads_a_line_with_escapes_and_optional_fields()
    {
        const string Line =
            @"36 35 0:45 / /mnt/a\040b\134c rw,relatime shared:1 master:2 - fuse.claudefs claudefs rw,user_id=0";
        Assert.True(MountTable.TryParse(Line, out var entry));
        Assert.Equal(new MountEntry(36, 45, @"/mnt/a b\c", "fuse.claudefs"), entry);
    }

    [Theory]
    [InlineData("")]
    [InlineData("36 35 0:45 / /mnt rw")]
    [InlineData("36 35 nine / /mnt rw - ext4 /dev/sda rw")]
    [InlineData("x 35 0:45 / /mnt rw - ext4 /dev/sda rw")]
    public void TryParse_refuses_what_is_no_line(string line) => Assert.False(MountTable.TryParse(line, out _));

    [Fact]
    public void Read_finds_proc_itself() => Assert.Contains(MountTable.Read(), entry => entry.Path == "/proc");
}
