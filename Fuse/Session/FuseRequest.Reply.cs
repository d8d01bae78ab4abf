using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Operations;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>Answers. Each returns whether the kernel took it; what it did not take must be undone by who made
/// it.</summary>
internal sealed partial class FuseRequest
{
    private static readonly int HeaderBytes = Unsafe.SizeOf<FuseOutHeader>();

    /// <summary>Room for a reply's bytes behind its header; file data goes straight into it.</summary>
    internal Memory<byte> Payload => _buffer.Payload;

    /// <summary>Whether an answer has been sent or is on its way.</summary>
    internal bool IsAnswered => Volatile.Read(ref _isAnswered) != 0;

    /// <summary>No reply belongs to this request (FORGET), or none will be wanted.</summary>
    internal void ReplyNothing() => Volatile.Write(ref _isAnswered, 1);

    internal bool ReplyError(FsError error) => SendError(ErrorMap.ToErrno(error));

    /// <summary>An opcode the host does not have: the kernel remembers it and does not ask again.</summary>
    internal bool ReplyNotImplemented() => SendError((int)FsError.ENOSYS);

    /// <summary>Success without a value, or the error.</summary>
    internal bool ReplyResult(FsResult<Nothing> result) => result.IsError ? ReplyError(result.Error) : SendBytes(0);

    internal bool Reply<T>(in T body) where T : unmanaged
    {
        MemoryMarshal.Write(_buffer.Reply[HeaderBytes..], in body);
        return SendBytes(Unsafe.SizeOf<T>());
    }

    /// <summary>The first <paramref name="count"/> bytes of <see cref="Payload"/>.</summary>
    internal bool SendBytes(int count) => TryClaim() && SendClaimed(count);

    /// <summary>A node for a name: counts a reference to it, which is taken back when the kernel does not take the
    /// answer.</summary>
    internal bool ReplyEntry(in Node node)
    {
        var round = _session.Fence.Enter();
        try
        {
            var entry = Translate.ToEntry(node, mayCache: round == _round);
            return SendCounted(node.Attributes.Inode, in entry);
        }
        finally
        {
            _session.Fence.Exit(round);
        }
    }

    /// <summary>As <see cref="ReplyEntry"/>, with the file opened.</summary>
    internal bool ReplyCreated(in Node node, in FuseOpenOut opened)
    {
        var round = _session.Fence.Enter();
        try
        {
            FuseCreateOut created = new() { Entry = Translate.ToEntry(node, mayCache: round == _round), Open = opened };
            return SendCounted(node.Attributes.Inode, in created);
        }
        finally
        {
            _session.Fence.Exit(round);
        }
    }

    /// <summary>That there is no such name, for as long as the node says.</summary>
    internal bool ReplyAbsent(in Node node)
    {
        var round = _session.Fence.Enter();
        try
        {
            if (node.EntryTtl <= TimeSpan.Zero || round != _round) return ReplyError(FsError.ENOENT);
            var entry = Translate.ToAbsence(node.EntryTtl);
            return Reply(in entry);
        }
        finally
        {
            _session.Fence.Exit(round);
        }
    }

    internal bool ReplyAttributes(in Node node)
    {
        var round = _session.Fence.Enter();
        try
        {
            var attributes = Translate.ToAttrOut(node, mayCache: round == _round);
            return Reply(in attributes);
        }
        finally
        {
            _session.Fence.Exit(round);
        }
    }

    internal bool ReplyStatX(in Node node)
    {
        var round = _session.Fence.Enter();
        try
        {
            var attributes = Translate.ToStatX(node, mayCache: round == _round);
            return Reply(in attributes);
        }
        finally
        {
            _session.Fence.Exit(round);
        }
    }

    /// <summary>Packs as many entries as fit into <paramref name="size"/> bytes and sends them.</summary>
    internal bool ReplyListing(ReadOnlySpan<ListedEntry> entries, uint size, bool withAttributes)
    {
        var round = _session.Fence.Enter();
        try
        {
            var room = Payload.Span[..(int)Math.Min(size, (uint)Payload.Length)];
            var packer = new ListingPacker(room, withAttributes, mayCache: round == _round);
            var packed = 0;
            while (packed < entries.Length && packer.TryAdd(entries[packed]))
            {
                var node = entries[packed++].Node.Attributes.Inode;
                if (withAttributes && !node.IsNone) _session.Nodes.Add(node);
            }

            if (packed == 0 && entries.Length != 0) return ReplyError(FsError.EINVAL);
            if (SendBytes(packer.Length)) return true;
            if (withAttributes) ForgetListed(entries[..packed]);
            return false;
        }
        finally
        {
            _session.Fence.Exit(round);
        }
    }

    /// <summary>Answers in the handler's place, from other memory: the handler may still be using the
    /// request's.</summary>
    internal bool TryAnswerForHandler(FsError error)
    {
        if (!TryClaim()) return false;
        AnsweredErrno = ErrorMap.ToErrno(error);
        FuseOutHeader header = new() { Length = (uint)HeaderBytes, Error = -AnsweredErrno, Unique = Unique };
        _ = _device.Send(MemoryMarshal.AsBytes(new ReadOnlySpan<FuseOutHeader>(in header)));
        return true;
    }

    private bool SendCounted<T>(InodeId inode, in T body) where T : unmanaged
    {
        _session.Nodes.Add(inode);
        if (Reply(in body)) return true;
        _session.Forget(inode, 1);
        return false;
    }

    private void ForgetListed(ReadOnlySpan<ListedEntry> entries)
    {
        foreach (ref readonly var entry in entries)
        {
            if (!entry.Node.Attributes.Inode.IsNone) _session.Forget(entry.Node.Attributes.Inode, 1);
        }
    }

    private bool SendError(int errno)
    {
        if (!TryClaim()) return false;
        AnsweredErrno = errno;
        return SendClaimed(0);
    }

    private bool TryClaim() => Interlocked.Exchange(ref _isAnswered, 1) == 0;

    private bool SendClaimed(int count)
    {
        var reply = _buffer.Reply[..(HeaderBytes + count)];
        FuseOutHeader header = new() { Length = (uint)reply.Length, Error = -AnsweredErrno, Unique = Unique };
        MemoryMarshal.Write(reply, in header);
        var errno = _device.Send(reply);
        if (errno == 0) return true;
        _session.OnReplyRefused(this, errno);
        return false;
    }
}
