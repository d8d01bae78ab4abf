using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.Primitives;

namespace ClaudeFs.DataPlane.Transports;

// Frames that leave together: small ones copied one after another, payloads of large ones by reference between them.
// Guarded by the connection's send gate while it is filled, owned by the drainer afterwards.
internal sealed class SendBatch
{
    private const int CopyBytes = 32 * 1024;

    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private readonly List<SendTicket> _tickets = [];
    private readonly List<ReadOnlyMemory<byte>> _group = [];
    private PayloadOwner _copied;
    private int _used;
    private int _runStart;
    private int _next;
    private int _nextOffset;

    public int CopiedBytes => _used;

    public bool HasRoom(int copyBytes, int pieces) =>
        _used + copyBytes <= CopyBytes && (_pieces.Count == 0 || _pieces.Count + pieces <= Limits.SendPiecesMax);

    /// <summary>Room for bytes that the caller fills at once.</summary>
    public Span<byte> Reserve(int bytes)
    {
        if (_copied.Length == 0) _copied = PayloadPool.Shared.Rent(CopyBytes);
        _used += bytes;
        return _copied.Span.Slice(_used - bytes, bytes);
    }

    public void AddReference(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length == 0) return;
        EndRun();
        _pieces.Add(bytes);
    }

    public void AddTicket(SendTicket ticket) => _tickets.Add(ticket);

    /// <summary>What goes into the next vectored send: bounded in bytes and pieces; null when all is sent.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>>? NextGroup()
    {
        EndRun();
        _group.Clear();
        var room = Limits.SendBatchBytesMax;
        while (_next < _pieces.Count && _group.Count < Limits.SendPiecesMax && room > 0)
        {
            var piece = _pieces[_next][_nextOffset..];
            if (piece.Length > room)
            {
                _group.Add(piece[..room]);
                _nextOffset += room;
                break;
            }

            _group.Add(piece);
            room -= piece.Length;
            _next++;
            _nextOffset = 0;
        }

        return _group.Count == 0 ? null : _group;
    }

    /// <summary>All bytes were taken: senders go on.</summary>
    public void Complete()
    {
        foreach (var ticket in _tickets) ticket.Complete();
    }

    public void Fail(RpcException reason)
    {
        foreach (var ticket in _tickets) ticket.Fail(reason);
    }

    /// <summary>Gives the memory back and makes the batch as new.</summary>
    public void Clear()
    {
        _copied.Dispose();
        _copied = default;
        _pieces.Clear();
        _tickets.Clear();
        _group.Clear();
        _used = _runStart = _next = _nextOffset = 0;
    }

    private void EndRun()
    {
        if (_used > _runStart) _pieces.Add(_copied.Memory[_runStart.._used]);
        _runStart = _used;
    }
}
