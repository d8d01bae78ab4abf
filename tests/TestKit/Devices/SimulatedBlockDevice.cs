using ClaudeFs.Platform.Devices;
using ClaudeFs.Primitives;

namespace ClaudeFs.TestKit.Devices;

/// <summary>
/// A device in memory that behaves as badly as the contract allows, decided by a seed: at a power cut every write that
/// no flush has followed may be lost, reordered or torn at 512 bytes. Requests can be made to fail, bits to flip, and
/// completions to wait and to come in another order (<see cref="IsSlow"/>). Thread-safe.
/// </summary>
public sealed class SimulatedBlockDevice : IBlockDevice
{
    private const int SectorBytes = 512;

    private readonly Lock _gate = new();
    private readonly Random _random;
    private readonly List<(long Number, long Offset, byte[] Bytes)> _unflushed = [];
    private bool _isSlow;
    private readonly List<(TaskCompletionSource Completion, SimulatedOperation Operation, Action Effect)> _pending = [];
    private byte[] _durable;
    private byte[] _present;
    private long _writeCount;
    private bool _isCut;

    /// <summary>An empty device; <paramref name="seed"/> decides everything that is left to chance.</summary>
    public SimulatedBlockDevice(int seed, string name = "simulated")
        : this(new Random(seed), [], name)
    {
    }

    private SimulatedBlockDevice(Random random, byte[] content, string name)
    {
        _random = random;
        _durable = content;
        _present = (byte[])content.Clone();
        Name = name;
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <inheritdoc />
    public long SizeBytes => _present.Length;

    /// <inheritdoc />
    public int BlockBytes => Limits.DeviceBlockBytes;

    /// <summary>Which requests fail; none without it. A failed write may have happened, wholly or in part.</summary>
    public SimulatedFault? Fault { get; set; }

    /// <summary>Where growth ends with ENOSPC.</summary>
    public long SizeBytesMax { get; set; } = long.MaxValue;

    /// <summary>Requests wait until <see cref="CompleteOne"/> picks them, in an order drawn from the seed.</summary>
    public bool IsSlow
    {
        get
        {
            lock (_pending) return _isSlow;
        }

        set
        {
            lock (_pending) _isSlow = value;
        }
    }

    /// <summary>
    /// Told of each request that waits: whoever listens sees to it that <see cref="CompleteOne"/> is called.
    /// </summary>
    public Action? Queued { get; set; }

    /// <summary>
    /// A planted mistake: writes at these offsets stay at the mercy of a power cut although a flush was answered.
    /// </summary>
    public Predicate<long>? FlushMisses { get; set; }

    /// <summary>Requests that wait.</summary>
    public int PendingCount => _pending.Count;

    /// <summary>Flushes that completed.</summary>
    public int FlushCount { get; private set; }

    /// <inheritdoc />
    public ValueTask ReadAsync(long offset, Memory<byte> destination, CancellationToken cancellationToken = default)
    {
        Check(offset, destination.Length);
        return DoAsync(new(SimulatedOperationKind.Read, offset, destination.Length),
            () => _present.AsSpan((int)offset, destination.Length).CopyTo(destination.Span));
    }

    /// <inheritdoc />
    public ValueTask WriteAsync(
        long offset, ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        Check(offset, source.Length);
        return DoAsync(new(SimulatedOperationKind.Write, offset, source.Length), () => Write(offset, source.ToArray()));
    }

    /// <inheritdoc />
    public ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        long covered;
        lock (_gate) covered = _writeCount;   // only what completed before the call is promised
        return DoAsync(new(SimulatedOperationKind.Flush, 0, 0), () => Flush(covered));
    }

    /// <inheritdoc />
    public ValueTask GrowAsync(
        long sizeBytes, IProgress<long>? progress = null, CancellationToken cancellationToken = default) =>
        DoAsync(new(SimulatedOperationKind.Grow, sizeBytes, 0), () =>
        {
            if (sizeBytes > SizeBytesMax) throw new FsException(FsError.ENOSPC, $"{Name}: no space to grow");
            if (sizeBytes <= _present.Length) return;
            Array.Resize(ref _durable, (int)sizeBytes);
            Array.Resize(ref _present, (int)sizeBytes);
            progress?.Report(sizeBytes);
        });

    /// <summary>Completes one waiting request, chosen by the seed; false when none waits.</summary>
    public bool CompleteOne()
    {
        TaskCompletionSource completion;
        SimulatedOperation operation;
        Action effect;
        lock (_pending)
        {
            if (_pending.Count == 0) return false;
            var index = _random.Next(_pending.Count);
            (completion, operation, effect) = _pending[index];
            _pending.RemoveAt(index);
        }

        try
        {
            Perform(operation, effect);
            completion.SetResult();
        }
        catch (FsException fault)
        {
            completion.SetException(fault);
        }

        return true;
    }

    /// <summary>
    /// The process that uses the device is killed: what it wrote is there, also what it did not wait for, and is as
    /// little durable as before. Nobody is left to be told.
    /// </summary>
    public void KillProcess()
    {
        var requests = _pending.ToArray();
        _pending.Clear();
        _random.Shuffle(requests);
        foreach (var request in requests)
        {
            if (request.Operation.Kind == SimulatedOperationKind.Write) request.Effect();
        }
    }

    /// <summary>
    /// Cuts the power of the machine that uses the device: as <see cref="CutPower"/>, but nobody is left to be told
    /// that requests failed.
    /// </summary>
    public SimulatedBlockDevice CutPowerOfMachine()
    {
        _pending.RemoveAll(request =>
        {
            if (request.Operation.Kind == SimulatedOperationKind.Write) request.Effect();
            return true;
        });
        var next = CutPower();
        _present = [];   // nobody is left to read it, and what died may be referred to for long
        return next;
    }

    /// <summary>
    /// Cuts the power: returns the device as the next start finds it. Whoever still uses this one gets EIO; requests
    /// that wait fail, their writes may have happened in part.
    /// </summary>
    public SimulatedBlockDevice CutPower()
    {
        lock (_gate)
        {
            foreach (var (_, operation, effect) in _pending)
            {
                if (operation.Kind == SimulatedOperationKind.Write) effect();
            }

            var survivors = _unflushed.ToArray();
            _random.Shuffle(survivors);
            foreach (var (_, offset, bytes) in survivors) Survive(offset, bytes);
            _isCut = true;
        }

        foreach (var (completion, _, _) in _pending.ToArray()) completion.SetException(PowerIsOff());
        _pending.Clear();
        return new SimulatedBlockDevice(_random, _durable, Name);
    }

    /// <summary>Inverts one bit, durably.</summary>
    public void FlipBit(long offset, int bit = 0)
    {
        lock (_gate)
        {
            _durable[offset] ^= (byte)(1 << bit);
            _present[offset] ^= (byte)(1 << bit);
        }
    }

    /// <summary>A copy of present content, for looking at bytes.</summary>
    public byte[] Peek(long offset, int length)
    {
        lock (_gate) return _present.AsSpan((int)offset, length).ToArray();
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask DoAsync(SimulatedOperation operation, Action effect)
    {
        TaskCompletionSource? waiting = null;
        lock (_pending)
        {
            // In one hold with the question: a request that is late for the last CompleteOne is not to wait for ever.
            if (_isSlow && !_isCut)
            {
                // Without RunContinuationsAsynchronously: continuations run where the test completes the request.
                waiting = new TaskCompletionSource();
                _pending.Add((waiting, operation, effect));
            }
        }

        if (waiting is not null)
        {
            Queued?.Invoke();
            return new ValueTask(waiting.Task);
        }

        try
        {
            Perform(operation, effect);
            return ValueTask.CompletedTask;
        }
        catch (FsException fault)
        {
            return ValueTask.FromException(fault);
        }
    }

    private void Perform(SimulatedOperation operation, Action effect)
    {
        lock (_gate)
        {
            if (_isCut) throw PowerIsOff();
            var error = Fault?.Invoke(operation) ?? FsError.None;
            if (error == FsError.None)
            {
                effect();
                return;
            }

            if (operation.Kind == SimulatedOperationKind.Write && _random.Next(2) == 0) effect();
            throw new FsException(error, $"{Name}: simulated {error} of {operation}");
        }
    }

    private void Write(long offset, byte[] bytes)
    {
        bytes.CopyTo(_present.AsSpan((int)offset));
        _unflushed.Add((++_writeCount, offset, bytes));
    }

    private void Flush(long covered)
    {
        FlushCount++;
        foreach (var (number, offset, bytes) in _unflushed)
        {
            if (IsCovered(number, offset)) bytes.CopyTo(_durable.AsSpan((int)offset));
        }

        _unflushed.RemoveAll(write => IsCovered(write.Number, write.Offset));

        bool IsCovered(long number, long offset) => number <= covered && FlushMisses?.Invoke(offset) != true;
    }

    // A third of the writes is lost, a third whole, a third torn: each sector by itself.
    private void Survive(long offset, byte[] bytes)
    {
        var fate = _random.Next(3);
        for (var i = 0; i < bytes.Length; i += SectorBytes)
        {
            if (fate == 0 || (fate == 2 && _random.Next(2) == 0)) continue;
            bytes.AsSpan(i, Math.Min(SectorBytes, bytes.Length - i)).CopyTo(_durable.AsSpan((int)offset + i));
        }
    }

    private FsException PowerIsOff() => new(FsError.EIO, $"{Name}: power is off");

    private void Check(long offset, int length)
    {
        Invariant.That(offset >= 0 && offset % BlockBytes == 0 && length > 0 && length % BlockBytes == 0);
        Invariant.That(offset + length <= _present.Length);
    }
}
