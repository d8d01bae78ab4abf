using System.Runtime.InteropServices;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.Fuse.Session;

namespace ClaudeFs.Fuse.Tests.Operations;

/// <summary>Takes replies in the kernel's place; keeps the last one, without allocating.</summary>
internal sealed class FakeDevice : IFuseDevice
{
    private readonly byte[] _last = new byte[2 << 20];

    public int Count { get; private set; }

    public int LastLength { get; private set; }

    /// <summary>What Send answers.</summary>
    public int Errno { get; set; }

    public ReadOnlySpan<byte> LastBody => _last.AsSpan(16, LastLength - 16);

    public FuseOutHeader LastHeader => MemoryMarshal.Read<FuseOutHeader>(_last);

    public int Receive(Span<byte> destination) => throw new NotSupportedException("requests are delivered by the test");

    public int Send(ReadOnlySpan<byte> message)
    {
        lock (_last)
        {
            message.CopyTo(_last);
            LastLength = message.Length;
            Count++;
            return Errno;
        }
    }

    public T Last<T>() where T : unmanaged => MemoryMarshal.Read<T>(LastBody);
}
