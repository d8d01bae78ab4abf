using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using ClaudeFs.Fuse.Abi;

namespace ClaudeFs.Fuse.Tests.Abi;

public class StructureTests
{
    private sealed record Structure(Type Type, string CName, int Bytes, string[] CFields);

    // Fields in the order of the C# structure; null where the header of older systems has none. The sizes are those of
    // 7.45.
    private static readonly Structure[] Structures =
    [
        new(typeof(FuseInHeader), "fuse_in_header", 40, ["len", "opcode", "unique", "nodeid", "uid", "gid", "pid"]),
        new(typeof(FuseForgetIn), "fuse_forget_in", 8, ["nlookup"]),
        new(typeof(FuseBatchForgetIn), "fuse_batch_forget_in", 8, ["count", "dummy"]),
        new(typeof(FuseForgetOne), "fuse_forget_one", 16, ["nodeid", "nlookup"]),
        new(typeof(FuseGetAttrIn), "fuse_getattr_in", 16, ["getattr_flags", "dummy", "fh"]),
        new(typeof(FuseSetAttrIn), "fuse_setattr_in", 88,
        [
            "valid", "padding", "fh", "size", "lock_owner", "atime", "mtime", "ctime", "atimensec", "mtimensec",
                "ctimensec",
            "mode", "unused4", "uid", "gid", "unused5",
        ]),
        new(typeof(FuseMkNodIn), "fuse_mknod_in", 16, ["mode", "rdev", "umask", "padding"]),
        new(typeof(FuseMkDirIn), "fuse_mkdir_in", 8, ["mode", "umask"]),
        new(typeof(FuseRenameIn), "fuse_rename_in", 8, ["newdir"]),
        new(typeof(FuseRename2In), "fuse_rename2_in", 16, ["newdir", "flags", "padding"]),
        new(typeof(FuseLinkIn), "fuse_link_in", 8, ["oldnodeid"]),
        new(typeof(FuseOpenIn), "fuse_open_in", 8, ["flags"]),
        new(typeof(FuseCreateIn), "fuse_create_in", 16, ["flags", "mode", "umask"]),
        new(typeof(FuseReadIn), "fuse_read_in", 40,
            ["fh", "offset", "size", "read_flags", "lock_owner", "flags", "padding"]),
        new(typeof(FuseWriteIn), "fuse_write_in", 40,
            ["fh", "offset", "size", "write_flags", "lock_owner", "flags", "padding"]),
        new(typeof(FuseReleaseIn), "fuse_release_in", 24, ["fh", "flags", "release_flags", "lock_owner"]),
        new(typeof(FuseFlushIn), "fuse_flush_in", 24, ["fh", "unused", "padding", "lock_owner"]),
        new(typeof(FuseFSyncIn), "fuse_fsync_in", 16, ["fh", "fsync_flags", "padding"]),
        new(typeof(FuseGetXattrIn), "fuse_getxattr_in", 8, ["size", "padding"]),
        new(typeof(FuseInterruptIn), "fuse_interrupt_in", 8, ["unique"]),
        new(typeof(FuseFAllocateIn), "fuse_fallocate_in", 32, ["fh", "offset", "length", "mode", "padding"]),
        new(typeof(FuseLSeekIn), "fuse_lseek_in", 24, ["fh", "offset", "whence", "padding"]),
        new(typeof(FuseCopyFileRangeIn), "fuse_copy_file_range_in", 56,
            ["fh_in", "off_in", "nodeid_out", "fh_out", "off_out", "len", "flags"]),
        new(typeof(FuseOutHeader), "fuse_out_header", 16, ["len", "error", "unique"]),
        new(typeof(FuseInitOut), "fuse_init_out", 64,
        [
            "major", "minor", "max_readahead", "flags", "max_background", "congestion_threshold", "max_write",
                "time_gran",
            "max_pages", "map_alignment",
        ]),
        new(typeof(FuseAttr), "fuse_attr", 88,
        [
            "ino", "size", "blocks", "atime", "mtime", "ctime", "atimensec", "mtimensec", "ctimensec", "mode", "nlink",
                "uid",
            "gid", "rdev", "blksize",
        ]),
        new(typeof(FuseEntryOut), "fuse_entry_out", 128,
            ["nodeid", "generation", "entry_valid", "attr_valid", "entry_valid_nsec", "attr_valid_nsec", "attr"]),
        new(typeof(FuseAttrOut), "fuse_attr_out", 104, ["attr_valid", "attr_valid_nsec", "dummy", "attr"]),
        new(typeof(FuseOpenOut), "fuse_open_out", 16, ["fh", "open_flags"]),
        new(typeof(FuseWriteOut), "fuse_write_out", 8, ["size", "padding"]),
        new(typeof(FuseStatFsOut), "fuse_kstatfs", 80,
            ["blocks", "bfree", "bavail", "files", "ffree", "bsize", "namelen", "frsize", "padding"]),
        new(typeof(FuseGetXattrOut), "fuse_getxattr_out", 8, ["size", "padding"]),
        new(typeof(FuseLSeekOut), "fuse_lseek_out", 8, ["offset"]),
        new(typeof(FuseDirent), "fuse_dirent", 24, ["ino", "off", "namelen", "type"]),
        new(typeof(FuseNotifyInvalInodeOut), "fuse_notify_inval_inode_out", 24, ["ino", "off", "len"]),
        new(typeof(FuseNotifyInvalEntryOut), "fuse_notify_inval_entry_out", 16, ["parent", "namelen"]),
    ];

    [Fact]
    public void Structures_have_the_sizes_of_the_protocol()
    {
        foreach (var structure in Structures) Assert.Equal(
            (structure.CName, structure.Bytes), (structure.CName, SizeOf(structure)));

        // Newer than the headers of many systems: fuse.h 7.39 and 7.45.
        Assert.Equal(24, Marshal.SizeOf<FuseStatXIn>());
        Assert.Equal(32 + 256, Marshal.SizeOf<FuseStatXOut>());
        Assert.Equal(32, OffsetOf(typeof(FuseStatXOut), nameof(FuseStatXOut.Mask)));
        Assert.Equal(32 + 64, OffsetOf(typeof(FuseStatXOut), nameof(FuseStatXOut.Atime)));
        Assert.Equal(32 + 128, OffsetOf(typeof(FuseStatXOut), nameof(FuseStatXOut.RdevMajor)));
        Assert.Equal(8, Marshal.SizeOf<FuseCopyFileRangeOut>());
        Assert.Equal(144, Marshal.SizeOf<FuseCreateOut>());
        Assert.Equal(32, OffsetOf(typeof(FuseInitOut), nameof(FuseInitOut.Flags2)));
    }

    [NeedsFact("gcc", "/usr/include/linux/fuse.h")]
    public async Task Sizes_and_offsets_are_those_of_the_systems_header()
    {
        using var directory = new TemporaryDirectory();
        var program = Path.Combine(directory.Path, "offsets");
        await File.WriteAllTextAsync(program + ".c", WriteProgram());
        Shell.Run($"gcc -o {program} {program}.c && {program} > {program}.txt");

        var expected = new StringBuilder();
        foreach (var structure in Structures)
        {
            expected.Append(CultureInfo.InvariantCulture, $"{structure.CName} {SizeOf(structure)}\n");
            var fields = structure.Type.GetFields(BindingFlags.Public | BindingFlags.Instance);
            for (var i = 0; i < structure.CFields.Length; i++)
            {
                var offset = OffsetOf(structure.Type, fields[i].Name);
                expected.Append(CultureInfo.InvariantCulture, $"{structure.CName}.{structure.CFields[i]} {offset}\n");
            }
        }

        Assert.Equal(expected.ToString(), await File.ReadAllTextAsync(program + ".txt"));
    }

    private static string WriteProgram()
    {
        var program =
            new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include <linux/fuse.h>\nint main(void) {\n");
        foreach (var structure in Structures)
        {
            program.Append(CultureInfo.InvariantCulture,
                $"printf(\"{structure.CName} %zu\\n\", sizeof(struct {structure.CName}));\n");
            foreach (var field in structure.CFields)
            {
                program.Append(CultureInfo.InvariantCulture,
                    $"printf(\"{structure.CName}.{field} %zu\\n\", offsetof(struct {structure.CName}, {field}));\n");
            }
        }

        return program.Append("return 0; }\n").ToString();
    }

    private static int SizeOf(Structure structure) => Marshal.SizeOf(structure.Type);

    private static int OffsetOf(Type type, string field) => (int)Marshal.OffsetOf(type, field);
}
