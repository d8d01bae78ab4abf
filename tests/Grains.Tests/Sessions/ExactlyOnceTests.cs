using ClaudeFs.Grains.Tests.Kit;
using ClaudeFs.Primitives;
using static ClaudeFs.Grains.Tests.Kit.TestClient;
using FileMode = ClaudeFs.Primitives.FileMode;

namespace ClaudeFs.Grains.Tests.Sessions;

/// <summary>
/// A reply that is lost at any point: the retry under the same operation id gets the first answer, and the state has
/// changed once. Every method that takes an operation id has a case here, and every other one its reason.
/// </summary>
public class ExactlyOnceTests
{
    // What a repetition cannot do twice, or what changes nothing that is kept.
    private static readonly HashSet<string> Repeatable =
    [
        "IDirectoryGrain.LookupAsync", "IDirectoryGrain.ReadAsync", "IInodeGrain.GetMapAsync",
        "IInodeGrain.ReadLinkAsync", "IInodeOperations.GetAttributesAsync", "IInodeOperations.GetXattrAsync",
        "IInodeOperations.ListXattrAsync", "IInodeOperations.SyncAsync", "IQuotaGrain.GetUsageAsync",
        "IFileSystemGrain.GetStatisticsAsync", "IFileSystemGrain.SyncAsync",

        // Leases and promises are in memory: asked for again, they are replaced or go back with the lease.
        "IInodeOperations.AcquireLeaseAsync", "IInodeOperations.ReleaseLeaseAsync", "IInodeGrain.ReserveAsync",
        "IQuotaGrain.LendAsync",

        // Idempotent by what they say: the inode, session or intent is gone the second time.
        "IInodeOperations.ForgetOrphanAsync", "IInodeOperations.BeginIntentAsync", "IInodeOperations.EndIntentAsync",
        "IShardGrain.SweepAsync", "IShardGrain.StartSweepAsync", "IShardGrain.EndSessionAsync",
        "ISessionGrain.OpenAsync", "ISessionGrain.KeepAliveAsync", "ISessionGrain.CloseAsync",
        "ISessionGrain.WatchAsync", "ISessionGrain.SettleAsync",
    ];

    private static readonly Dictionary<string, Func<Scene, Call>> Cases = new()
    {
        ["IDirectoryGrain.MakeAsync file"] = scene => Make(scene, FileMode.Regular | 0x1A4),
        ["IDirectoryGrain.MakeAsync directory"] = scene => Make(scene, FileMode.Directory | 0x1ED),
        ["IDirectoryGrain.LinkAsync"] = scene => new(scene.Directory, async op => Plain(
            await scene.Silo.Directory(scene.Directory).LinkAsync(op, FsName.Of("link"), scene.File))),
        ["IDirectoryGrain.UnlinkAsync"] = static scene => new(InodeId.Root, async op => Plain(
            await scene.Silo.Directory(InodeId.Root).UnlinkAsync(op, FsName.Of("other")))),
        ["IDirectoryGrain.RemoveDirectoryAsync"] = static scene => new(InodeId.Root, async op => Plain(
            await scene.Silo.Directory(InodeId.Root).RemoveDirectoryAsync(op, FsName.Of("empty")))),
        ["IDirectoryGrain.RenameAsync away"] = scene => Rename(scene, scene.Directory, "moved", RenameFlags.None),
        ["IDirectoryGrain.RenameAsync over"] = scene => Rename(scene, InodeId.Root, "other", RenameFlags.None),
        ["IDirectoryGrain.RenameAsync exchange"] =
            scene => Rename(scene, InodeId.Root, "other", RenameFlags.Exchange),
        ["IInodeGrain.WriteAsync"] = static scene => new(scene.File, async op => Plain(
            await scene.Silo.Inode(scene.File).WriteAsync(op, new([9, 9, 9, 9, 9], [], 5, default, false, 0)))),
        ["IInodeGrain.AllocateAsync"] = static scene => new(scene.Other, async op => Plain(
            await scene.Silo.Inode(scene.Other).AllocateAsync(op, AllocateMode.Allocate, 0, 10_000))),
        ["IInodeOperations.SetAttributesAsync size"] = static scene => new(scene.File, async op => Plain(
            await scene.Silo.Inode(scene.File).SetAttributesAsync(
                op, new() { Mask = AttributeMask.Size, SizeBytes = 2 }))),
        ["IInodeOperations.SetAttributesAsync directory"] = static scene => new(scene.Directory, async op => Plain(
            await scene.Silo.Directory(scene.Directory).SetAttributesAsync(
                op, new() { Mask = AttributeMask.Mode | AttributeMask.Uid, Mode = 0x1C0, Uid = 7 }))),
        ["IInodeOperations.SetXattrAsync"] = static scene => new(scene.File, async op => Plain(
            await scene.Silo.Inode(scene.File).SetXattrAsync(op, FsName.Of("user.new"), [1], XattrMode.Create))),
        ["IInodeOperations.RemoveXattrAsync"] = static scene => new(scene.File, async op => Plain(
            await scene.Silo.Inode(scene.File).RemoveXattrAsync(op, FsName.Of("user.old")))),
        ["IQuotaGrain.SetLimitsAsync"] = static scene => new(InodeId.Root, async op => Plain(
            await scene.Silo.Grains.GetGrain<IQuotaGrain>("u:7").SetLimitsAsync(op, new(1 << 20, 100)))),
    };

    /// <summary>Where the reply, or the request, is lost.</summary>
    public enum Loss
    {
        /// <summary>The request never came.</summary>
        Request,

        /// <summary>Applied and answered; the reply is lost.</summary>
        Reply,

        /// <summary>Applied, not committed yet: the retry comes beside the first.</summary>
        BeforeCommit,

        /// <summary>Committed; the silo is restarted before the answer.</summary>
        Restart,

        /// <summary>Committed; the power goes before the answer.</summary>
        PowerCut,
    }

    public static TheoryData<string, Loss> All()
    {
        var all = new TheoryData<string, Loss>();
        foreach (var name in Cases.Keys)
        {
            foreach (var loss in Enum.GetValues<Loss>()) all.Add(name, loss);
        }

        return all;
    }

    [Fact]
    public void Every_method_has_a_case_or_is_known_to_be_repeatable()
    {
        var methods = typeof(IDirectoryGrain).Assembly.GetTypes()
            .Where(static type => type.IsInterface && typeof(IGrain).IsAssignableFrom(type))
            .SelectMany(static type => type.GetMethods())
            .ToLookup(static m => m.GetParameters().Any(static p => p.ParameterType == typeof(OperationContext)),
                static m => $"{m.DeclaringType!.Name}.{m.Name}");
        var cases = Cases.Keys.Select(static name => name.Split(' ')[0]).ToHashSet();
        Assert.Equal(methods[true].Order(), cases.Order());
        Assert.Equal(methods[false].Order(), Repeatable.Order());
    }

    [Theory, MemberData(nameof(All))]
    public async Task A_retry_gets_the_first_answer_and_changes_nothing_more(string name, Loss loss)
    {
        await using var silo = await TestSilo.StartAsync();
        var scene = await Scene.MakeAsync(silo);
        var call = Cases[name](scene);
        var op = scene.Client.Op(call.Coordinator);
        var before = await scene.LookAsync();
        if (loss == Loss.BeforeCommit) silo.HoldDevice();
        var first = loss == Loss.Request ? null : call.RunAsync(op);
        if (loss == Loss.BeforeCommit)
        {
            var beside = call.RunAsync(op);
            silo.LetDeviceGo();
            Assert.Equal(await first!, await beside);
        }

        var answer = first is null ? null : await first;
        var changed = first is null ? null : await scene.LookAsync();
        if (loss is Loss.Restart or Loss.PowerCut)
        {
            await silo.RestartAsync(isCut: loss == Loss.PowerCut);
            Ok(await scene.Client.ReturnAsync());
        }

        var again = await call.RunAsync(op);
        var after = await scene.LookAsync();
        Assert.NotEqual(before, after);
        Assert.Equal(changed ?? after, after);
        Assert.Equal(answer ?? again, again);

        // And once more: the second answer is no other.
        Assert.Equal(again, await call.RunAsync(op));
        Assert.Equal(after, await scene.LookAsync());
    }

    private static Call Make(Scene scene, uint mode) => new(InodeId.Root, async op => Plain(
        await scene.Silo.Directory(InodeId.Root).MakeAsync(op, FsName.Of("new"), new(mode, 0, null))));

    private static Call Rename(Scene scene, InodeId to, string newName, RenameFlags flags) =>
        new(InodeId.Root, async op => Plain(await scene.Silo.Directory(InodeId.Root).RenameAsync(
            op, FsName.Of("file"), to, FsName.Of(newName), flags)));

    // A retry is answered without leases: the rest must be the same.
    private static string Plain<T>(FsResult<T> result)
    {
        Assert.Equal(FsError.None, result.Error);
        return result.Value switch
        {
            EntryReply entry => $"{entry.Attributes}",
            AttributesReply reply => $"{reply.Attributes}",
            var other => $"{other}",
        };
    }

    private sealed record Call(InodeId Coordinator, Func<OperationContext, Task<string>> RunAsync);

    private sealed class Scene(TestClient client)
    {
        public TestClient Client => client;

        public TestSilo Silo => client.Silo;

        public InodeId File { get; private set; }

        public InodeId Other { get; private set; }

        public InodeId Directory { get; private set; }

        public static async Task<Scene> MakeAsync(TestSilo silo)
        {
            var client = await TestClient.OpenAsync(silo, 11);
            var scene = new Scene(client)
            {
                File = await client.FileAsync(InodeId.Root, "file"),
                Other = await client.FileAsync(InodeId.Root, "other"),
                Directory = await client.DirectoryAsync(InodeId.Root, "directory"),
            };
            await client.DirectoryAsync(InodeId.Root, "empty");
            Ok(await client.WriteAsync(scene.File, new([1, 2, 3, 4], [], 4, default, false, 0)));
            Ok(await silo.Inode(scene.File).SetXattrAsync(
                client.Op(scene.File), FsName.Of("user.old"), [7], XattrMode.Create));
            return scene;
        }

        /// <summary>Everything that there is to see.</summary>
        public async Task<string> LookAsync()
        {
            var seen = new List<string>();
            foreach (var directory in new[] { InodeId.Root, Directory })
            {
                seen.Add($"{await client.StatAsync(directory)}");
                foreach (var entry in await client.ListAsync(directory)) seen.Add($"{entry.Name} {entry.Attributes}");
            }

            foreach (var file in new[] { File, Other })
            {
                seen.Add($"{await client.StatAsync(file)}");
                var map = Ok(await Silo.Inode(file).GetMapAsync(client.Id, 0, 8));
                seen.Add(Convert.ToHexString(map.Inline ?? []));
                seen.AddRange(map.Extents.SelectMany(static e => e.Pieces).Select(static piece => $"{piece}"));
                seen.AddRange(Ok(await Silo.Inode(file).ListXattrAsync(client.Id)).Select(static n => $"{n}"));
            }

            seen.Add($"{Ok(await Silo.Grains.GetGrain<IQuotaGrain>("u:7").GetUsageAsync())}");
            return string.Join('\n', seen);
        }
    }
}
