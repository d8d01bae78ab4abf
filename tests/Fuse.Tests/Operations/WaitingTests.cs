using ClaudeFs.Client;
using ClaudeFs.Fuse.Abi;
using ClaudeFs.NullDaemon;
using ClaudeFs.Primitives;
using ClaudeFs.TestKit.Time;

namespace ClaudeFs.Fuse.Tests.Operations;

/// <summary>Requests whose handlers wait.</summary>
public sealed class WaitingTests : IDisposable
{
    private readonly GatedFileSystem _gated = new();
    private readonly RequestBed _bed;

    public WaitingTests() => _bed = new(_gated);

    public void Dispose() => _bed.Dispose();

    [Fact]
    public void An_answer_leaves_when_the_file_system_has_it()
    {
        Assert.False(_bed.Deliver(GetAttr()));
        Assert.Equal((0, 1), (_bed.Device.Count, _bed.Session.Pending.Count));
        _gated.Answer(new FsResult<Node>(default, FsError.EIO));
        Assert.Equal((1, 0), (_bed.Device.Count, _bed.Session.Pending.Count));
        Assert.Equal((int)FsError.EIO, _bed.LastErrno);
        Assert.Equal(0, _bed.Session.Pool.Outstanding);
    }

    [Fact]
    public void At_its_deadline_a_request_is_answered_with_ETIMEDOUT_once()
    {
        _bed.Deliver(GetAttr());
        _bed.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, _bed.Session.Pending.ExpireOlderThan(TimeSpan.FromSeconds(60)));
        _bed.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _bed.Session.Pending.ExpireOlderThan(TimeSpan.FromSeconds(60)));
        Assert.Equal((1, (int)FsError.ETIMEDOUT), (_bed.Device.Count, _bed.LastErrno));
        Assert.True(_gated.LastToken.IsCancellationRequested);
        Assert.Equal((1, 1), (_bed.Session.Pending.Count, _bed.Session.Pool.Outstanding)); // its memory is still in use

        Assert.Equal(0, _bed.Session.Pending.ExpireOlderThan(TimeSpan.FromSeconds(60)));
        _gated.Answer(default(Node));
        Assert.Equal((1, 0, 0), (_bed.Device.Count, _bed.Session.Pending.Count, _bed.Session.Pool.Outstanding));
    }

    [Fact]
    public void An_interrupt_cancels_the_request_that_waits()
    {
        _gated.HonoursCancellation = true;
        _bed.Deliver(GetAttr());
        var unique = _bed.LastUnique;
        Assert.True(_bed.Deliver(_bed.Build(FuseOpcode.Interrupt, 0, new FuseInterruptIn { Unique = unique })));
        Assert.Equal((1, (int)FsError.EINTR), (_bed.Device.Count, _bed.LastErrno));
        Assert.Equal(unique, _bed.Device.LastHeader.Unique);

        // The next request in the same memory is not cancelled.
        _bed.Deliver(GetAttr());
        Assert.False(_gated.LastToken.IsCancellationRequested);
        _gated.Answer(default(Node));
    }

    [Fact]
    public void An_interrupt_that_comes_before_its_request_waits_is_not_lost()
    {
        _gated.HonoursCancellation = true;
        var request = GetAttr();
        var unique = _bed.LastUnique;
        Assert.True(_bed.Deliver(_bed.Build(FuseOpcode.Interrupt, 0, new FuseInterruptIn { Unique = unique })));
        Assert.Equal(0, _bed.Device.Count);
        _bed.Deliver(request);
        Assert.Equal((1, (int)FsError.EINTR), (_bed.Device.Count, _bed.LastErrno));
    }

    [Fact]
    public void What_is_known_before_an_invalidation_is_not_kept_after_it()
    {
        Node node =
            new(new InodeAttributes { Inode = new(5), Mode = 0x81A4 }, TimeSpan.FromHours(1), TimeSpan.FromHours(1));
        _bed.Deliver(GetAttr());
        _bed.Session.Fence.Advance();
        _gated.Answer(node);
        Assert.Equal(0ul, _bed.Device.Last<FuseAttrOut>().AttrValid);

        _bed.Deliver(GetAttr());
        _gated.Answer(node);
        Assert.Equal(3600ul, _bed.Device.Last<FuseAttrOut>().AttrValid);
    }

    [Fact]
    public void A_fault_is_answered_and_logged_never_thrown()
    {
        _bed.Deliver(GetAttr());
        _gated.Fail(new FsException(FsError.ESTALE, "gone"));
        Assert.Equal((int)FsError.ESTALE, _bed.LastErrno);
        _bed.Deliver(GetAttr());
        _gated.Fail(new InvalidOperationException("a mistake"));
        Assert.Equal((int)FsError.EIO, _bed.LastErrno);
        Assert.Equal(0, _bed.Session.Pool.Outstanding);
    }

    [Fact]
    public async Task Draining_cancels_all_and_ends_with_the_last()
    {
        _gated.HonoursCancellation = true;
        _bed.Deliver(GetAttr());
        await _bed.Session.Pending.DrainAsync().WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.Equal((int)FsError.EINTR, _bed.LastErrno);
    }

    private byte[] GetAttr() => _bed.Build(FuseOpcode.GetAttr, 1, default(FuseGetAttrIn));

    private sealed class GatedFileSystem() : MemoryFileSystem(new FakeTimeProvider(), TimeSpan.Zero, TimeSpan.Zero)
    {
        private TaskCompletionSource<FsResult<Node>> _answer = new();

        public bool HonoursCancellation { get; set; }

        public CancellationToken LastToken { get; private set; }

        public void Answer(FsResult<Node> result) => RequestBed.RunPlainly(() => _answer.SetResult(result));

        public void Fail(Exception fault) => RequestBed.RunPlainly(() => _answer.SetException(fault));

        public override ValueTask<FsResult<Node>> GetAttributesAsync(InodeId inode, CancellationToken cancellationToken)
        {
            LastToken = cancellationToken;
            var answer = _answer = new();
            if (HonoursCancellation) cancellationToken.Register(() => answer.TrySetCanceled(cancellationToken));
            return new(answer.Task);
        }
    }
}
