using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;


namespace ClaudeFs.Grains.Tests.Directories;

public class MakeTests
{
    [Fact]
    public async Task Make_of_a_file_is_found_listed_and_there_after_a_restart()
    {
        await using var silo = await TestSilo.StartAsync();
        var client = await TestClient.OpenAsync(silo, 7, isEmbedded: true);
        var made = Ok(await client.MakeAsync(InodeId.Root, "a", FileMode.Regular | 0x1A4));
        Assert.Equal(1u, made.Attributes.Nlink);
        Assert.Equal(LeaseMode.Write, made.InodeLease.Mode);
        Assert.Equal(LeaseMode.Read, made.EntriesLease.Mode);
        var found = Ok(await client.LookupAsync(InodeId.Root, "a"));
        Assert.Equal(made.Attributes, found.Attributes);
        Assert.Equal(InodeId.None, Ok(await client.LookupAsync(InodeId.Root, "b")).Attributes.Inode);

        await silo.RestartAsync();
        client = await TestClient.OpenAsync(silo, 8, isEmbedded: true);
        Assert.Equal(made.Attributes, Ok(await client.LookupAsync(InodeId.Root, "a")).Attributes);
        Assert.Equal("a", Assert.Single(await client.ListAsync(InodeId.Root)).Name.ToString());
    }
}
