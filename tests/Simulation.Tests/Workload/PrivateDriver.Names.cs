using System.Text;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Model;

namespace ClaudeFs.Simulation.Tests.Workload;

// What changes and reads names.
internal sealed partial class PrivateDriver
{
    private static readonly RenameFlags[] Flags =
        [RenameFlags.None, RenameFlags.None, RenameFlags.None, RenameFlags.NoReplace, RenameFlags.Exchange];

    private Task CreateAsync()
    {
        var (directory, name) = (DrawDirectory(), DrawName());
        var node = new ModelNode(default, ModelKind.File);
        return DoAsync($"create {Short(name)} in {directory.Inode}", ModelTree.CheckMake(directory, name), async () =>
        {
            var made = await Files.CreateAsync(directory.Inode, FsName.Of(name), FileOperations.FileMode,
                FileOperations.CreateExclusive | FileOperations.ReadWrite, Caller.Root, CancellationToken.None);
            if (made.IsError) return made.Error;
            node.Inode = made.Value.Node.Attributes.Inode;
            Answers.That(made.Value.Node.Attributes is { Nlink: 1, SizeBytes: 0, IsRegular: true },
                $"{Name} create {name}", $"made {made.Value.Node.Attributes}");
            node.Handles.Add(made.Value.File.Handle);
            if (Random.Next(2) == 0) await CloseAllAsync(node);
            return FsError.None;
        }, () => ModelTree.Make(directory, name, node));
    }

    private Task MakeDirectoryAsync()
    {
        if (_tree.Directories().Count >= DirectoriesMax) return RemoveDirectoryAsync();
        var (directory, name) = (DrawDirectory(), DrawName());
        var node = new ModelNode(default, ModelKind.Directory);
        return MakeAsync("mkdir", directory, name, node, FileOperations.DirectoryMode, "");
    }

    private Task MakeSymlinkAsync()
    {
        var (directory, name) = (DrawDirectory(), DrawName());
        var target = new string((char)('a' + Random.Next(26)), 1 + Random.Next(300));
        var node = new ModelNode(default, ModelKind.Symlink) { Target = target };
        return MakeAsync("symlink", directory, name, node, FileOperations.SymlinkMode, target);
    }

    private Task MakeAsync(
        string operation, ModelNode directory, string name, ModelNode node, uint mode, string target) =>
        DoAsync($"{operation} {Short(name)} in {directory.Inode}", ModelTree.CheckMake(directory, name), async () =>
        {
            var made = await Files.MakeAsync(directory.Inode, FsName.Of(name), mode, 0, Encoding.UTF8.GetBytes(target),
                Caller.Root, CancellationToken.None);
            if (!made.IsError) node.Inode = made.Value.Attributes.Inode;
            return made.Error;
        }, () => ModelTree.Make(directory, name, node));

    private Task LinkAsync()
    {
        if (DrawEntry(static node => node.Kind == ModelKind.File) is not { } target) return CreateAsync();
        var (directory, name) = (DrawDirectory(), DrawName());
        return DoAsync($"link {target.Node.Inode} as {Short(name)} in {directory.Inode}",
            ModelTree.CheckLink(target.Node, directory, name), async () =>
            {
                var linked = await Files.LinkAsync(
                    target.Node.Inode, directory.Inode, FsName.Of(name), Caller.Root, CancellationToken.None);
                if (!linked.IsError)
                {
                    Answers.That(linked.Value.Attributes.Nlink == target.Node.Links + 1, $"{Name} link",
                        $"{linked.Value.Attributes.Nlink} links, expected {target.Node.Links + 1}");
                }

                return linked.Error;
            }, () => ModelTree.Link(target.Node, directory, name));
    }

    private Task UnlinkAsync()
    {
        var (directory, name) = (DrawDirectory(), DrawName());
        return DoAsync($"unlink {Short(name)} in {directory.Inode}", ModelTree.CheckUnlink(directory, name), async () =>
            (await Files.UnlinkAsync(directory.Inode, FsName.Of(name), Caller.Root, CancellationToken.None)).Error,
            () =>
        {
            var node = directory.Entries[name];
            ModelTree.Remove(directory, name);
            NoteRemoved(node);
        });
    }

    private Task RemoveDirectoryAsync()
    {
        var entry = Random.Next(3) == 0 ? null : DrawEntry(static node => node.IsDirectory);
        var (directory, name) = entry is { } found ? (found.Directory, found.Name) : (DrawDirectory(), DrawName());
        return DoAsync($"rmdir {Short(name)} in {directory.Inode}", ModelTree.CheckRemoveDirectory(directory, name),
            async () => (await Files.RemoveDirectoryAsync(
                directory.Inode, FsName.Of(name), Caller.Root, CancellationToken.None)).Error,
            () => ModelTree.Remove(directory, name));
    }

    private Task RenameAsync()
    {
        var entry = Random.Next(6) == 0 ? null : DrawEntry(static _ => true);
        var (from, name) = entry is { } found ? (found.Directory, found.Name) : (DrawDirectory(), DrawName());
        var (to, newName, flags) = (DrawDirectory(), DrawName(), Flags[Random.Next(Flags.Length)]);
        return DoAsync($"rename {Short(name)} in {from.Inode} to {Short(newName)} in {to.Inode} {flags}",
            ModelTree.CheckRename(from, name, to, newName, flags),
            async () => (await Files.RenameAsync(from.Inode, FsName.Of(name), to.Inode, FsName.Of(newName), flags,
                Caller.Root, CancellationToken.None)).Error,
            () =>
            {
                var replaced = flags == RenameFlags.Exchange ? null : to.Entries.GetValueOrDefault(newName);
                ModelTree.Rename(from, name, to, newName, flags);
                NoteRemoved(replaced);
            });
    }

    private async Task LookUpAsync()
    {
        var (directory, name) = (DrawDirectory(), DrawName());
        var expected = directory.Entries.GetValueOrDefault(name)?.Inode ?? default;
        var operation = $"lookup {Short(name)} in {directory.Inode}";
        await DoAsync(operation, [], async () =>
        {
            var found = await Files.LookupAsync(directory.Inode, FsName.Of(name), CancellationToken.None);
            if (found.IsError) return found.Error;
            Answers.That(found.Value.Attributes.Inode == expected, $"{Name} {operation}",
                $"found {found.Value.Attributes.Inode}, expected {expected}");
            return FsError.None;
        });
    }

    private Task ReadLinkAsync()
    {
        if (DrawEntry(static node => node.Kind == ModelKind.Symlink) is not { } link) return MakeSymlinkAsync();
        var operation = $"readlink {link.Node.Inode}";
        return DoAsync(operation, [], async () =>
        {
            var target = await Files.ReadLinkAsync(link.Node.Inode, CancellationToken.None);
            if (target.IsError) return target.Error;
            Answers.That(
                Encoding.UTF8.GetString(target.Value.Span) == link.Node.Target, $"{Name} {operation}", "wrong target");
            return FsError.None;
        });
    }

    private Task ListAsync()
    {
        var directory = DrawDirectory();
        var operation = $"readdir {directory.Inode}";
        return DoAsync(operation, [], async () =>
        {
            var listing = await Files.ReadDirectoryAsync(directory.Inode, Random.Next(2) == 0);
            if (listing.IsError) return listing.Error;
            var found = listing.Value
                .Select(static entry => (Name: Encoding.UTF8.GetString(entry.Name.Span), entry.Inode))
                .OrderBy(static entry => entry.Name, StringComparer.Ordinal);
            var expected = directory.Entries.Select(static entry => (Name: entry.Key, entry.Value.Inode));
            Answers.That(found.SequenceEqual(expected), $"{Name} {operation}",
                $"found [{string.Join(", ", found)}], expected [{string.Join(", ", expected)}]");
            return FsError.None;
        });
    }

    private Task SyncDirectoryAsync()
    {
        var directory = DrawDirectory();
        return DoAsync($"fsyncdir {directory.Inode}", [],
            async () => (await Files.SyncAsync(directory.Inode, false, CancellationToken.None)).Error,
            _tree.NoteDurable, mayHaveHappened: false);
    }

    private static string Short(string name) => name.Length > 8 ? $"{name[..1]}*{name.Length}" : name;
}
