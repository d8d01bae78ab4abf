using ClaudeFs.Platform.Loops;

namespace ClaudeFs.DataPlane.Transports.Memory;

/// <summary>
/// One in-process connection as its network sees it: what a test or a simulation does to it. Thread-safe.
/// </summary>
public sealed class MemoryLink
{
    private readonly MemoryPipe _forth;
    private readonly MemoryPipe _back;
    private long _delayTicks;
    private int _pieceBytesMax = int.MaxValue;
    private volatile bool _isHeld;

    internal MemoryLink(ILoop loop, TimeProvider time, string client, string server, TimeSpan delay)
    {
        Client = client;
        Server = server;
        _delayTicks = delay.Ticks;
        _forth = new MemoryPipe(loop, time, this);
        _back = new MemoryPipe(loop, time, this);
        ClientStream = new MemoryByteStream(client, server, incoming: _back, outgoing: _forth);
        ServerStream = new MemoryByteStream(server, client, incoming: _forth, outgoing: _back);
    }

    /// <summary>Who connected.</summary>
    public string Client { get; }

    /// <summary>Who listened.</summary>
    public string Server { get; }

    /// <summary>Time that bytes sent from now on take; order is kept. Zero is one turn of the loop.</summary>
    public TimeSpan Delay
    {
        get => new(Interlocked.Read(ref _delayTicks));
        set => Interlocked.Exchange(ref _delayTicks, value.Ticks);
    }

    /// <summary>At most this many bytes arrive in one read: 1 is byte by byte.</summary>
    public int PieceBytesMax
    {
        get => Volatile.Read(ref _pieceBytesMax);
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Volatile.Write(ref _pieceBytesMax, value);
        }
    }

    /// <summary>Whether nothing sent from now on arrives: a cut cable, which neither side is told of.</summary>
    public bool IsHeld => _isHeld;

    internal Action<MemoryLink, ReadOnlyMemory<byte>>? Arriving { get; init; }

    internal MemoryByteStream ClientStream { get; }

    internal MemoryByteStream ServerStream { get; }

    /// <summary>Cuts the cable.</summary>
    public void Hold() => _isHeld = true;

    /// <summary>Mends it; what was sent meanwhile arrives, as TCP would send it again.</summary>
    public void Release()
    {
        _isHeld = false;
        _forth.Release();
        _back.Release();
    }

    /// <summary>Both sides find the connection broken at once, and what was on its way is lost.</summary>
    public void Break()
    {
        _forth.Break();
        _back.Break();
    }
}
