namespace ClaudeFs.DataPlane.Transports;

/// <summary>
/// Bytes with one owner, who disposes it; a copy of the struct is the same ownership, and a second disposal does
/// nothing. The default value is the empty payload.
/// </summary>
public readonly struct PayloadOwner : IDisposable
{
    private readonly PayloadBuffer? _buffer;
    private readonly int _version;
    private readonly int _start;

    internal PayloadOwner(PayloadBuffer buffer, int version, int start, int length)
    {
        _buffer = buffer;
        _version = version;
        _start = start;
        Length = length;
    }

    public int Length { get; }

    /// <summary>The bytes, valid until disposal. Throws <see cref="ObjectDisposedException"/> after it.</summary>
    public Memory<byte> Memory
    {
        get
        {
            if (_buffer is null) return default;
            ObjectDisposedException.ThrowIf(_buffer.Version != _version, typeof(PayloadOwner));
            return _buffer.Slice(_start, Length);
        }
    }

    public Span<byte> Span => Memory.Span;

    /// <summary>
    /// The same ownership of less: what lies before <paramref name="start"/> and past the length is hidden.
    /// </summary>
    public PayloadOwner Slice(int start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, Length);
        return _buffer is null ? default : new PayloadOwner(_buffer, _version, _start + start, length);
    }

    /// <summary>Gives the memory back to its pool.</summary>
    public void Dispose() => _buffer?.Return(_version);
}
