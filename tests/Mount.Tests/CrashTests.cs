using System.Globalization;
using ClaudeFs.Mount.Tests.Harness;

namespace ClaudeFs.Mount.Tests;

/// <summary>kill -9 of the daemon under load: what fsync answered for is there afterwards.</summary>
public sealed class CrashTests
{
    private const int Kills = 10;
    private const int Writers = 4;

    /// <summary>
    /// Each writer makes files of growing size whose content follows from their name, fsyncs them, and only then writes
    /// the name into a list on the local file system. After the crash each listed file must be whole.
    /// </summary>
    private const string WriterScript = """
        import os, sys, hashlib
        root, listing, writer, round = sys.argv[1:5]
        def content(name, size):
            block = hashlib.sha256(name.encode()).digest()
            return (block * (size // 32 + 1))[:size]
        done = open(listing, "a", buffering=1)
        directory = f"{root}/w{writer}"
        os.makedirs(directory, exist_ok=True)
        sizes = [0, 100, 4096, 4097, 70000, 300000, 1500000]
        n = 0
        try:
            while True:
                name = f"r{round}-{n}"
                size = sizes[n % len(sizes)]
                temporary = f"{directory}/.{name}"
                f = os.open(temporary, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o644)
                data = content(name, size)
                for i in range(0, size, 40000): os.write(f, data[i:i + 40000])
                os.fsync(f)
                os.close(f)
                os.rename(temporary, f"{directory}/{name}")
                d = os.open(directory, os.O_RDONLY); os.fsync(d); os.close(d)
                done.write(f"{writer} {name} {size}\n")
                if n % 5 == 4:
                    os.unlink(f"{directory}/r{round}-{n - 2}")
                    done.write(f"{writer} r{round}-{n - 2} deleted\n")
                n += 1
        except OSError:
            pass
        """;

    private const string CheckScript = """
        import sys, os, hashlib
        root, listing = sys.argv[1:3]
        state = {}
        for line in open(listing):
            parts = line.split()
            if len(parts) == 3: state[(parts[0], parts[1])] = parts[2]
        bad = 0
        for (writer, name), size in state.items():
            path = f"{root}/w{writer}/{name}"
            if size == "deleted":
                if os.path.exists(path): print("back from the dead", path); bad += 1
                continue
            if not os.path.exists(path):
                number = int(name.split("-")[1])
                # It may have been unlinked by an operation whose answer the writer did not live to log.
                if number % 5 == 2: continue
                print("lost", path); bad += 1; continue
            size = int(size)
            block = hashlib.sha256(name.encode()).digest()
            if open(path, "rb").read() != (block * (size // 32 + 1))[:size]: print("damaged", path); bad += 1
        print(len(state), "files checked")
        sys.exit(1 if bad else 0)
        """;

    [Fact]
    public async Task What_fsync_answered_for_survives_kill_9()
    {
        await using var mount = await DevMount.StartAsync("4G");
        await File.WriteAllTextAsync(Path.Combine(mount.Scratch, "writer.py"), WriterScript);
        await File.WriteAllTextAsync(Path.Combine(mount.Scratch, "check.py"), CheckScript);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var round = 0; round < Kills; round++)
        {
            var writers = Enumerable.Range(0, Writers).Select(w => Shell.TryAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"exec python3 writer.py '{mount.MountPoint}' 'list{w}' {w} {round}"),
                mount.Scratch)).ToList();
            // A moment drawn at random is the point here: the crash must fall anywhere in the writers' work.
            await Task.Delay(TimeSpan.FromMilliseconds(300 + random.Next(1200)), TimeProvider.System);
            await mount.CrashAndRestartAsync();
            await Task.WhenAll(writers);
            var check = await Shell.TryAsync(
                $"cat list* >all; python3 check.py '{mount.MountPoint}' all", mount.Scratch);
            Assert.True(
                check.ExitCode == 0,
                $"seed {seed}, kill {round}: {check.Output}{check.Error}\n{mount.Daemon.Printed}");
        }
        await mount.Daemon.UnmountAsync();
        await mount.AssertCleanAsync();
        Assert.True(
            File.ReadLines(Path.Combine(mount.Scratch, "all")).Count() > Kills * Writers, "the writers hardly wrote");
    }
}
