using ClaudeFs.DataPlane.Transports;

namespace ClaudeFs.DataPlane.Tests.Transports;

public sealed class TcpTransportTests : TransportConformance
{
    protected override Harness Create() => new TcpHarness();

    [Theory]
    [InlineData("node1", "node1", 9200)]
    [InlineData("node1:9200", "node1", 9200)]
    [InlineData("node1:9300", "node1", 9200)]
    [InlineData("10.0.0.1:17", "10.0.0.1", 17)]
    [InlineData("[::1]:17", "::1", 17)]
    [InlineData("::1", "::1", 9200)]
    public void An_address_is_read(string text, string host, int port) =>
        Assert.Equal(new Endpoint(host, port), Endpoint.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData(":17")]
    [InlineData("a:b")]
    [InlineData("a:70000")]
    [InlineData("a:-1")]
    [InlineData("[::1")]
    [InlineData("a b")]
    public void What_is_no_address_is_refused(string text) => Assert.False(Endpoint.TryParse(text, out _));

    [Fact]
    public void The_registry_says_which_transports_there_are()
    {
        var registry = new TransportRegistry().Add(new TcpHarness().Transport).Add(new MemoryHarness().Transport);
        Assert.Equal("tcp", registry.Find("tcp").Name);
        var exception = Assert.Throws<ArgumentException>(() => registry.Find("rdma"));
        Assert.Contains("'rdma'; there are: memory, tcp", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_options_are_named()
    {
        var exception = Assert.Throws<ArgumentException>(
            () => new TransportOptions { KeepAlive = TimeSpan.Zero }.Validate());
        Assert.Contains("TransportOptions.KeepAlive is 00:00:00: it must", exception.Message, StringComparison.Ordinal);
    }
}
