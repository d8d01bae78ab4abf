using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Machines;
using ClaudeFs.Simulation.Tests.Workload;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests;

/// <summary>Two clients come back to a silo that has restarted, in the order that the seed draws.</summary>
public sealed class ReturnTests
{
    private const long CapacityBytes = 48L << 20;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    // With most of these seeds the one without a lease comes back first.
    [Theory, InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6)]
    public void Who_has_a_file_open_without_a_lease_takes_none_from_who_wrote_it(int seed)
    {
        var cluster = new SimulatedCluster(seed, CapacityBytes, Patience);
        cluster.StartSilo();
        var (writer, other) = (Start("writer", cluster), Start("other", cluster));
        var (file, theirs) = (default(Opened), default(Opened));
        cluster.Do(writer.Process, "the file", async () =>
        {
            var made = await writer.Files.CreateAsync(InodeId.Root, FsName.Of("file"), FileOperations.FileMode,
                FileOperations.ReadWrite, Caller.Root, CancellationToken.None);
            file = new(made.Value.Node.Attributes.Inode, made.Value.File.Handle);
            await WriteAsync(writer, file, 1);
            Assert.Equal(FsError.None, (await writer.Files.SyncAsync(file.Inode, false, CancellationToken.None)).Error);
        });
        cluster.Do(other.Process, "another has it open", async () =>
        {
            var opened = await other.Files.OpenAsync(
                file.Inode, FileOperations.ReadWrite, Caller.Root, CancellationToken.None);
            theirs = new(file.Inode, opened.Value.Handle);
            Assert.Equal(1, await ReadAsync(other, theirs));
        });
        cluster.Do(writer.Process, "a write that takes the lease", () => WriteAsync(writer, file, 2));
        cluster.GoDown(isKill: true);
        cluster.StartSilo();

        cluster.Do(other.Process, "another write", () => WriteAsync(other, theirs, 3));
        cluster.Do(writer.Process, "the first one's fsync", async () =>
        {
            var synced = await writer.Files.SyncAsync(file.Inode, false, CancellationToken.None);
            Assert.Equal((FsError.None, 3), (synced.Error, await ReadAsync(writer, file)));
        });
    }

    private static SimulatedClient Start(string name, SimulatedCluster cluster)
    {
        var client = new SimulatedClient(name, isEmbedded: false, cluster.World);
        cluster.StartRemote(client, name);
        return client;
    }

    private static async Task WriteAsync(SimulatedClient client, Opened file, byte value)
    {
        var written = await client.Files.WriteAsync(
            file.Inode, file.Handle, 0, new[] { value }, false, Caller.Root, CancellationToken.None);
        Assert.Equal(FsError.None, written.Error);
    }

    private static async Task<int> ReadAsync(SimulatedClient client, Opened file)
    {
        var buffer = new byte[1];
        var read = await client.Files.ReadAsync(file.Inode, file.Handle, 0, buffer, CancellationToken.None);
        Assert.Equal((FsError.None, 1), (read.Error, read.Value));
        return buffer[0];
    }

    private readonly record struct Opened(InodeId Inode, ulong Handle);
}
