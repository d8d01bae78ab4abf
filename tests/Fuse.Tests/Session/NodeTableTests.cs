using ClaudeFs.Fuse.Session;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Tests.Session;

public class NodeTableTests
{
    private static readonly InodeId Inode = new(77);

    [Fact]
    public void An_inode_goes_with_its_last_reference()
    {
        var nodes = new NodeTable();
        for (var i = 0; i < 3; i++) nodes.Add(Inode);
        Assert.False(nodes.Remove(Inode, 2));
        Assert.True(nodes.Contains(Inode));
        Assert.True(nodes.Remove(Inode, 1));
        Assert.False(nodes.Contains(Inode));
        Assert.Equal(0, nodes.Count);
    }

    [Fact]
    public void References_that_were_never_counted_are_given_back_without_effect()
    {
        var nodes = new NodeTable();
        Assert.False(nodes.Remove(Inode, 1));
        nodes.Add(Inode);
        Assert.True(nodes.Remove(Inode, ulong.MaxValue));
    }

    [Fact]
    public void The_root_is_always_there()
    {
        var nodes = new NodeTable();
        Assert.True(nodes.Contains(InodeId.Root));
        Assert.False(nodes.Remove(InodeId.Root, 1));
    }
}
