using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>Real trees, put in and taken out by the programs that people use.</summary>
public sealed class TreeTests
{
    /// <summary>
    /// The .NET SDK and the system's C headers, and what trees seldom have: odd names, holes, nodes, hard links.
    /// </summary>
    private const string MakeTree = """
        mkdir -p tree/usr tree/odd
        sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
        [ -d "$sdk/sdk" ] && cp -a "$sdk/sdk" tree/sdk
        [ -d /usr/include ] && cp -a /usr/include tree/usr/include
        cd tree/odd
        touch -- empty $'new\nline' ' lead' 'trail ' '-dash' 'ünïcödé' $'\x01\x7f' "$(printf 'n%.0s' {1..255})" \
          '*?[' 'quote"'"'"
        head -c 4096 /dev/urandom >inline; head -c 4097 /dev/urandom >past-inline; head -c 300001 /dev/urandom >odd-size
        ln inline hard1; ln inline hard2; ln -s /nowhere dangling; ln -s ../odd loop; mkfifo pipe
        truncate -s 50M sparse; printf x | dd of=sparse bs=1 seek=20000000 conv=notrunc status=none
        mkdir -p deep; p=deep; for i in $(seq 60); do p=$p/d$i; mkdir $p; done; echo end >$p/end
        chmod 4755 inline; chmod 1777 deep; chmod 0 empty
        touch -d '1999-12-31 23:59:59.123456789' past-inline
        """;

    [Fact]
    public async Task Trees_put_in_by_tar_cp_and_rsync_are_equal_also_after_a_restart()
    {
        await using var mount = await DevMount.StartAsync("6G");
        await Shell.RunAsync(MakeTree, mount.Scratch);
        var scratch = mount.Scratch;
        var target = mount.MountPoint;

        await Shell.RunAsync(
            $"tar -C '{scratch}' --format=posix -cf '{scratch}/tree.tar' tree && mkdir '{target}/a' "
            + $"&& tar -C '{target}/a' -xpf '{scratch}/tree.tar'");
        await AssertEqualAsync(scratch, $"{target}/a");
        await Shell.RunAsync($"cp -a '{target}/a' '{target}/b' && rsync -aH --delete '{target}/a/' '{target}/c/'");
        await AssertEqualAsync(scratch, $"{target}/b");
        await AssertEqualAsync(scratch, $"{target}/c");

        var second = await Shell.RunAsync($"rsync -aH --delete --itemize-changes '{target}/a/' '{target}/c/'");
        Assert.Equal("", second);

        await mount.RestartAsync();
        await AssertEqualAsync(scratch, $"{target}/a");
        await Shell.RunAsync($"rm -rf '{target}/a' '{target}/b' && test -z \"$(ls -A '{target}' | grep -v '^c$')\"");
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
    }

    [Fact]
    public async Task Space_of_what_was_deleted_is_used_again()
    {
        await using var mount = await DevMount.StartAsync("256M");
        for (var round = 0; round < 4; round++)
        {
            await Shell.RunAsync(
                "head -c 120M /dev/urandom >big && cmp -n 10 big big && sha256sum big >sum && sha256sum -c sum "
                + "&& rm big sum && sync .",
                mount.MountPoint);
        }
    }

    // Content, names and types by diff; modes, owners, link counts, sizes, targets and times by find.
    private static async Task AssertEqualAsync(string expected, string actual)
    {
        await Shell.RunAsync($"diff -r --no-dereference -x pipe '{expected}/tree' '{actual}/tree'");
        const string Print =
            "find . -printf '%p %y %m %U %G %n %l %T@ ' \\( -type f -printf '%s\\n' -o -printf '\\n' \\) | sort";
        await Shell.RunAsync($"diff <(cd '{expected}/tree' && {Print}) <(cd '{actual}/tree' && {Print})");
    }
}
