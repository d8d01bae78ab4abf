using System.Threading.Tasks.Sources;
using ClaudeFs.DataPlane.Protocol;

namespace ClaudeFs.DataPlane.Transports;

// One sender that waits until its frame has left; reused after its result was taken.
internal sealed class SendTicket : IValueTaskSource
{
    private readonly Action<SendTicket> _recycle;
    private ManualResetValueTaskSourceCore<bool> _core;

    public SendTicket(bool continuesOnLoop, Action<SendTicket> recycle)
    {
        _recycle = recycle;
        _core.RunContinuationsAsynchronously = !continuesOnLoop;
    }

    public ValueTask WaitAsync() => new(this, _core.Version);

    public void Complete() => _core.SetResult(true);

    public void Fail(RpcException reason) => _core.SetException(new RpcException(reason.Code, reason.Message, reason));

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    void IValueTaskSource.GetResult(short token)
    {
        try
        {
            _core.GetResult(token);
        }
        finally
        {
            _core.Reset();
            _recycle(this);
        }
    }
}
