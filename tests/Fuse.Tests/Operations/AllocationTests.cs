using ClaudeFs.Fuse.Abi;
using ClaudeFs.TestKit;

namespace ClaudeFs.Fuse.Tests.Operations;

/// <summary>What is answered on the reader allocates nothing.</summary>
public sealed class AllocationTests : IDisposable
{
    private const int WarmUp = 1_000;
    private const int Measured = 10_000;
    private readonly RequestBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [ReleaseFact]
    public void GetAttr_allocates_nothing()
    {
        var file = _bed.MakeFile("a");
        Assert.Equal(0, AllocatedBy(_bed.Build(FuseOpcode.GetAttr, file, default(FuseGetAttrIn))));
    }

    [ReleaseFact]
    public void StatX_allocates_nothing()
    {
        var file = _bed.MakeFile("a");
        Assert.Equal(0, AllocatedBy(_bed.Build(FuseOpcode.StatX, file, default(FuseStatXIn))));
    }

    [ReleaseFact]
    public void Lookup_allocates_nothing_whether_the_name_is_there_or_not()
    {
        _bed.MakeFile("a-name-of-some-length.txt");
        Assert.Equal(0, AllocatedBy(_bed.Build(FuseOpcode.Lookup, 1, "a-name-of-some-length.txt\0"u8)));
        Assert.Equal(0, AllocatedBy(_bed.Build(FuseOpcode.Lookup, 1, "not-there\0"u8)));
    }

    [ReleaseFact]
    public void Read_and_write_allocate_nothing()
    {
        var file = _bed.MakeFile("a");
        var bytes = new byte[64 * 1024];
        Assert.Equal(0, AllocatedBy(
            _bed.Build(FuseOpcode.Write, file, new FuseWriteIn { Handle = 1, Size = (uint)bytes.Length }, bytes)));
        Assert.Equal(0, AllocatedBy(
            _bed.Build(FuseOpcode.Read, file, new FuseReadIn { Handle = 1, Size = (uint)bytes.Length })));
    }

    private long AllocatedBy(byte[] message)
    {
        for (var i = 0; i < WarmUp; i++) _bed.DeliverAsReader(message);
        return Allocations.Of(() =>
        {
            for (var i = 0; i < Measured; i++) _bed.DeliverAsReader(message);
        });
    }
}
