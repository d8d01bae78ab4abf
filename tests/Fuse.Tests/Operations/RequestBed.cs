using System.Runtime.InteropServices;
using System.Text;
using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Session;
using ClaudeFs.NullDaemon;
using ClaudeFs.TestKit.Time;
using Microsoft.Extensions.Logging.Abstractions;

namespace ClaudeFs.Fuse.Tests.Operations;

/// <summary>A session without a mount: requests are built and delivered here.</summary>
internal sealed class RequestBed : IDisposable
{
    private readonly NameCache _names = new();
    private ulong _lastUnique;

    public RequestBed(IFileSystem? fileSystem = null)
    {
        Memory = new(Time, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(30));
        Session = new(fileSystem ?? Memory, new FuseOptions(), Time, NullLogger.Instance);
    }

    public FakeTimeProvider Time { get; } = new();

    public MemoryFileSystem Memory { get; }

    public FuseSession Session { get; }

    public FakeDevice Device { get; } = new();

    public ulong LastUnique => _lastUnique;

    /// <summary>errno of the last answer, positive.</summary>
    public int LastErrno => -Device.LastHeader.Error;

    public byte[] Build(FuseOpcode opcode, ulong node, ReadOnlySpan<byte> arguments)
    {
        var message = new byte[40 + arguments.Length];
        FuseInHeader header = new()
        {
            Length = (uint)message.Length, Opcode = opcode, Unique = ++_lastUnique, NodeId = node, Uid = 1000,
                Gid = 100, Pid = 1,
        };
        MemoryMarshal.Write(message, in header);
        arguments.CopyTo(message.AsSpan(40));
        return message;
    }

    public byte[] Build<T>(FuseOpcode opcode, ulong node, in T arguments, ReadOnlySpan<byte> tail = default) where T
        : unmanaged =>
        Build(opcode, node, [.. MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in arguments)), .. tail]);

    /// <summary>As a reader does; false when the handler waits for something.</summary>
    public bool Deliver(ReadOnlySpan<byte> message)
    {
        var copy = message.ToArray();
        var isFree = false;
        RunPlainly(() => isFree = DeliverAsReader(copy));
        return isFree;
    }

    /// <summary>Without the test's synchronization context: readers and loops have none, and what completes on them
    /// goes on at once.</summary>
    public static void RunPlainly(Action action)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            action();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    /// <summary>Delivers, and checks the form of the one answer.</summary>
    public void Ask(ReadOnlySpan<byte> message)
    {
        var before = Device.Count;
        Assert.True(Deliver(message));
        Assert.Equal(before + 1, Device.Count);
        Assert.Equal((uint)Device.LastLength, Device.LastHeader.Length);
    }

    public void Ask(FuseOpcode opcode, ulong node, ReadOnlySpan<byte> arguments) => Ask(Build(opcode, node, arguments));

    public void Ask<T>(FuseOpcode opcode, ulong node, in T arguments, ReadOnlySpan<byte> tail = default) where T
        : unmanaged =>
        Ask(Build(opcode, node, in arguments, tail));

    /// <summary>Makes a file in the root; returns its inode.</summary>
    public ulong MakeFile(string name)
    {
        Ask(FuseOpcode.MkNod, 1, new FuseMkNodIn { Mode = 0x8000 | 0x1A4 }, Encoding.UTF8.GetBytes(name + "\0"));
        Assert.Equal(0, LastErrno);
        return Device.Last<FuseEntryOut>().NodeId;
    }

    public void Dispose() => Session.Dispose();

    /// <summary>As <see cref="Deliver"/>, in the caller's context.</summary>
    public bool DeliverAsReader(ReadOnlySpan<byte> message)
    {
        var request = Session.Pool.Rent()!;
        message.CopyTo(request.ReceiveSpan);
        var isFree = true;
        if (request.TryBegin(message.Length, Device, _names))
        {
            var handling = Session.Operations.HandleAsync(request);
            isFree = handling.IsCompleted;
            if (isFree) handling.Consume();
            else request.Park(handling);
        }
        else if (request.Unique != 0)
        {
            request.ReplyError(Primitives.FsError.EIO);
        }

        if (isFree) Session.Pool.Return(request);
        return isFree;
    }
}
