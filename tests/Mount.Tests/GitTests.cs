using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>git trusts a file system in many ways: renames over, links, mmap, stat caches.</summary>
public sealed class GitTests
{
    private const int Commits = 2200;

    /// <summary>A history for `git fast-import`: 500 files, then 3 of them changed by each commit.</summary>
    private static readonly string Generate = $$"""
        git init -q -b main origin && cd origin && awk 'BEGIN {
          srand(1); pad = "abcdefghij"; for (i = 0; i < 9; i++) pad = pad pad;
          for (c = 1; c <= {{Commits}}; c++) {
            printf "commit refs/heads/main\nmark :%d\ncommitter A <a@example.org> %d +0000\ndata 9\nchange %02d\n",
              c, 1700000000 + c, c % 100;
            if (c > 1) printf "from :%d\n", c - 1;
            n = c == 1 ? 500 : 3;
            for (i = 0; i < n; i++) {
              f = c == 1 ? i : int(rand() * 500);
              text = "file " f " at commit " c " " substr(pad, 1, 1 + int(rand() * 3000));
              printf "M 100644 inline dir%d/sub%d/file%d.txt\ndata %d\n%s\n", f % 10, f % 7, f, length(text), text;
            }
          }
        }' | git fast-import --quiet && git checkout -q main
        """;

    [Fact]
    public async Task A_clone_of_many_commits_checks_clean()
    {
        await using var mount = await DevMount.StartAsync("2G");
        await Shell.RunAsync(Generate, mount.Scratch);
        var clone =
            $"git -c safe.directory='*' clone -q --no-local '{mount.Scratch}/origin' '{mount.MountPoint}/clone'";
        await Shell.RunAsync(clone);
        Assert.Equal($"{Commits}\n", await Shell.RunAsync("git rev-list --count HEAD", $"{mount.MountPoint}/clone"));
        await Shell.RunAsync(
            "git fsck --full --strict && test -z \"$(git status --porcelain)\"", $"{mount.MountPoint}/clone");

        await mount.RestartAsync();
        await Shell.RunAsync("""
            git fsck --full && test -z "$(git status --porcelain)"
            git checkout -q -b work HEAD~50 && git -c user.name=a -c user.email=a@example.org merge -q main
            git gc -q && git fsck --full && test -z "$(git status --porcelain)"
            """, $"{mount.MountPoint}/clone");
    }
}
