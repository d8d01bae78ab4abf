using System.Buffers.Binary;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Tests.Operations;

public sealed class OperationsTests : IDisposable
{
    private readonly RequestBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void Init_agrees_on_the_older_version_and_on_flags_both_have()
    {
        FuseInitIn init = new() { Major = 7, Minor = 38, MaxReadAhead = 128 << 10, Flags = (1 << 22) | (1 << 16) | 1 };
        _bed.Ask(FuseOpcode.Init, 0, in init, new byte[44]);
        var reply = _bed.Device.Last<FuseInitOut>();
        Assert.Equal((7u, 38u), (reply.Major, reply.Minor));
        Assert.Equal((1u << 22) | 1, reply.Flags); // not writeback (1 << 16)
        Assert.Equal(1u << 20, reply.MaxWrite);
        Assert.Equal(256, reply.MaxPages);
        Assert.True(_bed.Session.Initialised.IsCompletedSuccessfully);
    }

    [Fact]
    public void Init_of_a_newer_major_version_is_answered_with_ours_and_comes_again()
    {
        _bed.Ask(FuseOpcode.Init, 0, new FuseInitIn { Major = 8, Minor = 1 });
        Assert.Equal((7u, 45u), (_bed.Device.Last<FuseInitOut>().Major, _bed.Device.Last<FuseInitOut>().Minor));
        Assert.False(_bed.Session.Initialised.IsCompleted);
    }

    [Theory]
    [InlineData(7, 30)]
    [InlineData(6, 99)]
    public void Init_of_a_version_too_old_ends_the_session(uint major, uint minor)
    {
        _bed.Ask(FuseOpcode.Init, 0, new FuseInitIn { Major = major, Minor = minor });
        Assert.Equal(ErrorMap.ToErrno(FsError.EPROTO), _bed.LastErrno);
        Assert.True(_bed.Session.IsEnding);
    }

    [Fact]
    public void Lookup_counts_a_reference_and_forget_gives_it_back()
    {
        var file = _bed.MakeFile("a");
        _bed.Ask(FuseOpcode.Lookup, 1, "a\0"u8);
        Assert.Equal(file, _bed.Device.Last<FuseEntryOut>().NodeId);
        Assert.Equal(
            (60ul, 30ul), (_bed.Device.Last<FuseEntryOut>().EntryValid, _bed.Device.Last<FuseEntryOut>().AttrValid));
        Assert.True(_bed.Session.Nodes.Contains(new(file)));

        var answers = _bed.Device.Count;
        _bed.Deliver(_bed.Build(FuseOpcode.Forget, file, new FuseForgetIn { LookupCount = 2 }));
        Assert.Equal(answers, _bed.Device.Count);
        Assert.False(_bed.Session.Nodes.Contains(new(file)));
    }

    [Fact]
    public void Batch_forget_gives_back_many()
    {
        var first = _bed.MakeFile("a");
        var second = _bed.MakeFile("b");
        var list = new byte[32];
        BinaryPrimitives.WriteUInt64LittleEndian(list, first);
        list[8] = 1;
        BinaryPrimitives.WriteUInt64LittleEndian(list.AsSpan(16), second);
        list[24] = 1;
        var answers = _bed.Device.Count;
        _bed.Deliver(_bed.Build(FuseOpcode.BatchForget, 0, new FuseBatchForgetIn { Count = 2 }, list));
        Assert.Equal((0, answers), (_bed.Session.Nodes.Count, _bed.Device.Count));
    }

    [Fact]
    public void An_entry_that_the_kernel_does_not_take_is_no_reference()
    {
        _bed.MakeFile("a");
        var before = _bed.Session.Nodes.Count;
        _bed.Device.Errno = (int)FsError.ENOENT;
        _bed.Deliver(_bed.Build(FuseOpcode.Lookup, 1, "a\0"u8));
        _bed.Deliver(_bed.Build(FuseOpcode.MkDir, 1, new FuseMkDirIn { Mode = 0x1ED }, "d\0"u8));
        Assert.Equal(before, _bed.Session.Nodes.Count);
    }

    [Fact]
    public void An_absent_name_is_an_entry_without_inode_for_as_long_as_it_may_be_kept()
    {
        _bed.Ask(FuseOpcode.Lookup, 1, "none\0"u8);
        Assert.Equal(0, _bed.LastErrno);
        Assert.Equal(
            (0ul, 60ul), (_bed.Device.Last<FuseEntryOut>().NodeId, _bed.Device.Last<FuseEntryOut>().EntryValid));
    }

    [Fact]
    public void A_name_ends_at_its_NUL_and_extensions_are_behind_it()
    {
        var file = _bed.MakeFile("a");
        var message = _bed.Build(FuseOpcode.Lookup, 1, [(byte)'a', 0, .. new byte[6], 8, 0, 0, 0, 1, 0, 0, 0]);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(36), 1); // one extension of 8 bytes
        _bed.Ask(message);
        Assert.Equal(file, _bed.Device.Last<FuseEntryOut>().NodeId);
    }

    [Theory]
    [InlineData((uint)FuseOpcode.Lookup)]
    [InlineData((uint)FuseOpcode.GetAttr)]
    [InlineData((uint)FuseOpcode.SetAttr)]
    [InlineData((uint)FuseOpcode.Write)]
    [InlineData((uint)FuseOpcode.Rename2)]
    [InlineData((uint)FuseOpcode.Init)]
    public void A_request_too_short_is_answered_with_EINVAL(uint opcode)
    {
        _bed.Ask((FuseOpcode)opcode, 1, [1, 2, 3]);
        Assert.Equal((int)FsError.EINVAL, _bed.LastErrno);
    }

    [Fact]
    public void A_length_that_is_not_what_came_is_answered_with_EIO()
    {
        var message = _bed.Build(FuseOpcode.StatFs, 1, []);
        message[0]++;
        _bed.Ask(message);
        Assert.Equal((int)FsError.EIO, _bed.LastErrno);
    }

    [Theory]
    [InlineData((uint)FuseOpcode.TmpFile)]
    [InlineData((uint)FuseOpcode.Poll)]
    [InlineData((uint)FuseOpcode.GetLk)]
    [InlineData(999u)]
    public void An_opcode_that_is_not_there_is_answered_with_ENOSYS(uint opcode)
    {
        _bed.Ask((FuseOpcode)opcode, 1, new byte[64]);
        Assert.Equal((int)FsError.ENOSYS, _bed.LastErrno);
    }

    [Fact]
    public void Times_before_1970_have_nanoseconds_that_count_upwards()
    {
        var file = _bed.MakeFile("old");
        FuseSetAttrIn set = new()
        {
            Valid = FuseSetAttrMask.Mtime, Mtime = unchecked((ulong)-2), MtimeNanoseconds = 250_000_000,
        };
        _bed.Ask(FuseOpcode.SetAttr, file, in set);
        var attr = _bed.Device.Last<FuseAttrOut>().Attr;
        Assert.Equal((unchecked((ulong)-2), 250_000_000u), (attr.Mtime, attr.MtimeNanoseconds));
    }

    [Fact]
    public void Extended_attributes_tell_their_size_and_refuse_a_buffer_too_small()
    {
        var file = _bed.MakeFile("x");
        _bed.Ask(FuseOpcode.SetXattr, file, new FuseSetXattrIn { Size = 3 }, [.. "user.k\0"u8, 1, 2, 3]);
        Assert.Equal(0, _bed.LastErrno);
        _bed.Ask(FuseOpcode.GetXattr, file, new FuseGetXattrIn { Size = 0 }, "user.k\0"u8);
        Assert.Equal(3u, _bed.Device.Last<FuseGetXattrOut>().Size);
        _bed.Ask(FuseOpcode.GetXattr, file, new FuseGetXattrIn { Size = 2 }, "user.k\0"u8);
        Assert.Equal((int)FsError.ERANGE, _bed.LastErrno);
        _bed.Ask(FuseOpcode.GetXattr, file, new FuseGetXattrIn { Size = 3 }, "user.k\0"u8);
        Assert.Equal([1, 2, 3], _bed.Device.LastBody.ToArray());
        _bed.Ask(FuseOpcode.ListXattr, file, new FuseGetXattrIn { Size = 100 });
        Assert.Equal("user.k\0"u8.ToArray(), _bed.Device.LastBody.ToArray());
        _bed.Ask(FuseOpcode.GetXattr, file, new FuseGetXattrIn { Size = 3 }, "system.posix_acl_access\0"u8);
        Assert.Equal((int)FsError.EOPNOTSUPP, _bed.LastErrno);
        _bed.Ask(FuseOpcode.GetXattr, file, new FuseGetXattrIn { Size = 3 }, "user.a/b\0"u8);
        Assert.Equal((int)FsError.ENODATA, _bed.LastErrno);
    }

    [Fact]
    public void What_has_no_value_is_answered_with_the_header_alone()
    {
        var file = _bed.MakeFile("f");
        _bed.Ask(FuseOpcode.OpenDir, 1, default(FuseOpenIn));
        var directory = _bed.Device.Last<FuseOpenOut>().Handle;
        _bed.Ask(FuseOpcode.ReleaseDir, 1, new FuseReleaseIn { Handle = directory });
        Assert.Equal((16, 0), (_bed.Device.LastLength, _bed.LastErrno));
        _bed.Ask(FuseOpcode.Flush, file, default(FuseFlushIn));
        Assert.Equal((16, 0), (_bed.Device.LastLength, _bed.LastErrno));
        _bed.Ask(FuseOpcode.Unlink, 1, "f\0"u8);
        Assert.Equal((16, 0), (_bed.Device.LastLength, _bed.LastErrno));
    }

    [Fact]
    public void Statx_carries_birth_time_and_device_numbers()
    {
        _bed.Ask(FuseOpcode.MkNod, 1, new FuseMkNodIn { Mode = 0x2000 | 0x180, Rdev = (5 << 8) | 1 | (2 << 20) },
            "dev\0"u8);
        var device = _bed.Device.Last<FuseEntryOut>().NodeId;
        _bed.Ask(FuseOpcode.StatX, device, new FuseStatXIn { Mask = 0xFFF });
        var statx = _bed.Device.Last<FuseStatXOut>();
        Assert.Equal((5u, 0x201u), (statx.RdevMajor, statx.RdevMinor));
        Assert.Equal(_bed.Time.GetUtcNow().ToUnixTimeSeconds(), statx.Btime.Seconds);
        Assert.Equal(0xFFFu, statx.Mask);
    }

    [Fact]
    public void The_bytes_of_an_entry_are_these()
    {
        FuseEntryOut entry =
            new() { NodeId = 0x0102030405060708, Generation = 9, EntryValid = 60, AttrValidNanoseconds = 7 };
        entry.Attr.Inode = 0x1122334455667788;
        entry.Attr.Mode = 0x81A4;
        var bytes =
            Convert.ToHexString(
                System.Runtime.InteropServices.MemoryMarshal.AsBytes(new ReadOnlySpan<FuseEntryOut>(in entry)));
        Assert.Equal(
            "0807060504030201" + "0900000000000000" + "3C00000000000000" + "0000000000000000" + "00000000" + "07000000"
            + "8877665544332211" + new string('0', 80) + new string('0', 24) + "A4810000" + new string('0', 48), bytes);
    }
}
