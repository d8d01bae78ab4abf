using System.Security.Cryptography;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Tests.Mounts;

[Collection(MountCollection.Name)]
public class FileTests
{
    [MountFact]
    public async Task System_io_finds_what_it_wrote()
    {
        await using var mount = await MemoryMount.StartAsync(TimeSpan.FromSeconds(1));
        var directory = Directory.CreateDirectory(mount.At("a/b/c"));
        var file = Path.Combine(directory.FullName, "f");
        await File.WriteAllTextAsync(file, "hello");
        await File.AppendAllTextAsync(file, ", world");
        Assert.Equal("hello, world", await File.ReadAllTextAsync(file));
        await using (var stream = File.OpenWrite(file)) stream.SetLength(5);
        Assert.Equal("hello", await File.ReadAllTextAsync(file));

        var time = new DateTime(2001, 2, 3, 4, 5, 6, DateTimeKind.Utc).AddTicks(7);
        File.SetLastWriteTimeUtc(file, time);
        Assert.Equal(time, File.GetLastWriteTimeUtc(file));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.GroupExecute);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.GroupExecute, File.GetUnixFileMode(file));

        File.CreateSymbolicLink(mount.At("link"), "a/b/c/f");
        Assert.Equal("hello", await File.ReadAllTextAsync(mount.At("link")));
        File.Move(file, mount.At("moved"));
        Assert.Throws<FileNotFoundException>(() => File.ReadAllText(mount.At("link"))); // it dangles
        Directory.Move(mount.At("a/b"), mount.At("b"));
        Assert.Equal(
            ["a", "b", "link", "moved"],
                Directory.EnumerateFileSystemEntries(mount.Path).Select(Path.GetFileName).Order());
        Directory.Delete(mount.At("b"), recursive: true);
        Assert.Throws<IOException>(() => Directory.CreateDirectory(mount.At("moved")));
        Assert.Throws<FileNotFoundException>(() => File.ReadAllText(mount.At("none")));
    }

    [MountFact]
    public async Task A_reader_closes_without_a_flush_and_a_writer_with_one()
    {
        await using var mount = await MemoryMount.StartAsync(TimeSpan.FromSeconds(1));
        await File.WriteAllTextAsync(mount.At("f"), "x");
        await mount.UntilCountedAsync("FLUSH", 1);
        Assert.Equal("x", await File.ReadAllTextAsync(mount.At("f")));
        await mount.UntilCountedAsync("RELEASE", 2);
        Assert.Equal((2, 1), (mount.CountOf("OPEN") + mount.CountOf("CREATE"), mount.CountOf("FLUSH")));
    }

    [MountFact]
    public async Task Tools_copy_a_tree_with_all_it_has()
    {
        await using var mount = await MemoryMount.StartAsync(TimeSpan.FromSeconds(1));
        Shell.Run($"""
            cd '{mount.Path}'
            mkdir -p t/sub/deep 't/odd name'; echo one > t/one
            ln t/one t/sub/hard; ln -s ../one t/sub/soft; mkfifo t/pipe
            head -c 300000 /dev/urandom > t/sub/deep/random; truncate -s 10M t/sparse; : > t/empty; chmod 4750 t/one
            touch -h -d '2020-01-02 03:04:05.678901234' t/sub/soft t/one; chmod 1777 't/odd name'; mknod t/null c 1 3
            cp -a t copy; diff -r --no-dereference -x pipe -x null t copy
            [ "$(stat -c '%h %a %Y' t/one)" = "$(stat -c '%h %a %Y' copy/one)" ]
            [ "$(stat -c %i copy/one)" = "$(stat -c %i copy/sub/hard)" ]
            [ "$(stat -c '%t %T %F' copy/null)" = '1 3 character special file' ]; [ -p copy/pipe ]
            rm t/pipe copy/pipe; tar cf all.tar -C t .; mkdir x; tar xpf all.tar -C x
            diff -r --no-dereference -x null t x
            mv x y; [ -d y ] && [ ! -e x ]; rm -rf t copy y all.tar; [ -z "$(ls -A)" ]
            [ "$(df --output=fstype . | tail -1)" = fuse.claudefs ]; [ "$(stat -f -c '%l %S' .)" = '255 4096' ]
            """);
        Assert.Equal(0, mount.CountOf("TMPFILE"));
    }

    [MountFact]
    public async Task Calls_beyond_system_io_do_what_they_do()
    {
        await using var mount = await MemoryMount.StartAsync();
        var (a, b) = (mount.At("a"), mount.At("b"));
        await File.WriteAllTextAsync(a, "A");
        await File.WriteAllTextAsync(b, "B");
        Assert.Equal(-1, Calls.Rename(Calls.AtWorkingDirectory, a, Calls.AtWorkingDirectory, b, Calls.NoReplace));
        Assert.Equal((int)FsError.EEXIST, Calls.Errno);
        Assert.Equal(0, Calls.Rename(Calls.AtWorkingDirectory, a, Calls.AtWorkingDirectory, b, Calls.Exchange));
        Assert.Equal("B", await File.ReadAllTextAsync(a));

        const long Block = 64 * 1024;
        using var from = File.OpenHandle(a, System.IO.FileMode.Open, FileAccess.ReadWrite);
        using var to = File.OpenHandle(b, System.IO.FileMode.Open, FileAccess.ReadWrite);
        await RandomAccess.WriteAsync(from, new byte[] { 1, 2, 3 }, 2 * Block);
        Assert.Equal(0, Calls.Allocate(from, 3, 0, Block)); // punch a hole, keep the size
        Assert.Equal(2 * Block, Calls.Seek(from, 0, Calls.SeekData));
        Assert.Equal(0, Calls.Seek(from, 0, Calls.SeekHole));
        Assert.Equal(2 * Block + 3, Calls.Seek(from, 2 * Block, Calls.SeekHole));
        long start = 2 * Block, target = 10;
        Assert.Equal(3, Calls.CopyRange(from, ref start, to, ref target, 100, 0));
        var copied = new byte[3];
        Assert.Equal(3, await RandomAccess.ReadAsync(to, copied, 10));
        Assert.Equal([1, 2, 3], copied);
        await mount.UntilCountedAsync("COPYFILERANGE64", 1);

        Assert.Equal(0, Calls.SetXattr(a, "user.k", "v"u8, 1, 1));
        Assert.Equal((-1, (int)FsError.EEXIST), (Calls.SetXattr(a, "user.k", "v"u8, 1, 1), Calls.Errno));
        var value = new byte[16];
        Assert.Equal(1, Calls.GetXattr(a, "user.k", value, value.Length));
        Assert.Equal(7, Calls.ListXattr(a, value, value.Length));
        Assert.Equal(0, Calls.RemoveXattr(a, "user.k"));
        Assert.Equal((-1, (int)FsError.ENODATA), ((int)Calls.GetXattr(a, "user.k", value, value.Length), Calls.Errno));
    }

    [MountFact]
    public async Task Large_files_move_in_requests_of_a_mebibyte()
    {
        await using var mount = await MemoryMount.StartAsync(TimeSpan.FromSeconds(60));
        var content = new byte[(16 << 20) + 4711];
        new Random(7).NextBytes(content);
        var file = mount.At("large");
        await File.WriteAllBytesAsync(file, content);
        Assert.Equal(SHA256.HashData(content), SHA256.HashData(await File.ReadAllBytesAsync(file)));
        Assert.InRange(mount.CountOf("WRITE"), 1, 40);
        Shell.Run(
            $"cd '{mount.Path}'; dd if=large of=large.direct bs=1M iflag=direct oflag=direct conv=fsync status=none; "
            + "cmp large large.direct");

        // Buffered reads: dropped first, and read ahead a mebibyte at a time.
        var before = mount.CountOf("READ");
        await mount.Files.InvalidationSink.InvalidateInodeAsync(new(2), 0, 0);
        Shell.Run($"cat '{file}' | cmp - '{file}.direct'");
        Assert.InRange(mount.CountOf("READ") - before, 1, 80);
        var statistics = mount.Mount.Statistics;
        Assert.InRange(statistics.BytesWritten, content.Length * 2L, content.Length * 3L);
    }

    [MountFact]
    public async Task A_listing_of_5000_entries_holds_each_once_while_they_are_deleted()
    {
        await using var mount = await MemoryMount.StartAsync(TimeSpan.FromSeconds(1));
        const int Count = 5_000;
        for (var i = 0; i < Count; i++) await File.WriteAllBytesAsync(mount.At($"entry-{i:d4}"), []);
        var seen = new List<string>();
        foreach (var path in Directory.EnumerateFiles(mount.Path))
        {
            seen.Add(Path.GetFileName(path));
            File.Delete(path);
        }

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"entry-{i:d4}"), seen.Order());
        Assert.Empty(Directory.EnumerateFileSystemEntries(mount.Path));
    }

    [MountFact]
    public async Task Set_id_bits_go_when_another_user_writes()
    {
        await using var mount = await MemoryMount.StartAsync(TimeSpan.FromSeconds(1));
        Shell.Run($"""
            cd '{mount.Path}'
            for f in a b c; do echo x > $f; chown 65534:65534 $f; chmod 6775 $f; done
            setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'echo y >> a; : > b; chown 65534:65534 c'
            [ "$(stat -c %a a b c | tr '\n' ' ')" = '775 775 775 ' ] || stat -c %a a b c >&2
            [ "$(stat -c %a a b c | tr '\n' ' ')" = '775 775 775 ' ]
            chmod 6775 a; echo z >> a; [ "$(stat -c %a a)" = 6775 ]
            """);
    }

    [MountFact]
    public async Task Eight_threads_at_once_find_what_each_wrote()
    {
        await using var mount = await MemoryMount.StartAsync(TimeSpan.FromSeconds(1));
        Shell.Run($$"""
            cd '{{mount.Path}}'
            work() {
                mkdir d$1; for i in $(seq 60); do
                    echo $1-$i > d$1/f$i; mv d$1/f$i d$1/g$i; [ "$(cat d$1/g$i)" = $1-$i ]
                    ln d$1/g$i shared-$1-$i; rm shared-$1-$i; echo $i >> common
                done; [ $(ls d$1 | wc -l) = 60 ]; rm -r d$1
            }
            for n in 1 2 3 4 5 6 7 8; do work $n & pids[$n]=$!; done
            for pid in "${pids[@]}"; do wait $pid; done
            [ $(wc -l < common) = 480 ]; [ "$(ls -A)" = common ]
            """);
        Assert.Equal(0, mount.Mount.Statistics.Pending);
    }
}
