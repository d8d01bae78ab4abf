using System.Runtime.CompilerServices;
using Orleans.Scheduling;

namespace OrleansCodeGen.Support;

/// <summary>A call that runs on the caller's thread; it must be left exactly once.</summary>
public readonly struct InlineTurn
{
    private readonly Activation _activation;
    private readonly CallContext _context;
    private readonly SynchronizationContext? _callerContext;

    internal InlineTurn(Activation activation, CallContext context, SynchronizationContext? callerContext)
    {
        _activation = activation;
        _context = context;
        _callerContext = callerContext;
    }

    /// <summary>The grain.</summary>
    public object Grain => _activation.GrainInstance!;

    /// <summary>Leaves the turn with the method's answer.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ValueTask<T> Leave<T>(ValueTask<T> answer)
    {
        if (answer.IsCompleted)
        {
            _activation.LeaveCompleted(_context, _callerContext);
            return answer;
        }

        return LeavePending(answer, isCopied: false);
    }

    /// <summary>Leaves the turn with the method's answer, of which the caller gets a copy.</summary>
    public ValueTask<T> LeaveCopied<T>(ValueTask<T> answer)
    {
        if (!answer.IsCompleted)
        {
            return LeavePending(answer, isCopied: true);
        }

        try
        {
            return new ValueTask<T>(Codecs.Copy(answer.GetAwaiter().GetResult()));
        }
        catch (Exception e)
        {
            return ValueTask.FromException<T>(e);
        }
        finally
        {
            _activation.LeaveCompleted(_context, _callerContext);
        }
    }

    /// <summary>Leaves the turn with the method's answer.</summary>
    public Task<T> Leave<T>(Task<T> answer)
    {
        if (answer.IsCompleted)
        {
            _activation.LeaveCompleted(_context, _callerContext);
            return answer;
        }

        return LeavePending(new ValueTask<T>(answer), isCopied: false).AsTask();
    }

    /// <summary>Leaves the turn with the method's answer, of which the caller gets a copy.</summary>
    public Task<T> LeaveCopied<T>(Task<T> answer) => LeaveCopied(new ValueTask<T>(answer)).AsTask();

    /// <summary>Leaves the turn with the method's end.</summary>
    public ValueTask Leave(ValueTask answer)
    {
        if (answer.IsCompleted)
        {
            _activation.LeaveCompleted(_context, _callerContext);
            return answer;
        }

        return IgnoreResultAsync(LeavePending(Unit.From(answer), isCopied: false));
    }

    /// <summary>Leaves the turn with the method's end.</summary>
    public Task Leave(Task answer)
    {
        if (answer.IsCompleted)
        {
            _activation.LeaveCompleted(_context, _callerContext);
            return answer;
        }

        return LeavePending(Unit.From(answer), isCopied: false).AsTask();
    }

    /// <summary>Leaves the turn after the method threw.</summary>
    public ValueTask<T> Fail<T>(Exception exception)
    {
        _activation.LeaveCompleted(_context, _callerContext);
        return ValueTask.FromException<T>(exception);
    }

    /// <summary>Leaves the turn after the method threw.</summary>
    public ValueTask Fail(Exception exception)
    {
        _activation.LeaveCompleted(_context, _callerContext);
        return ValueTask.FromException(exception);
    }

    private ValueTask<T> LeavePending<T>(ValueTask<T> answer, bool isCopied)
    {
        var pending = PendingCall<T>.Begin(_activation, _context, answer, isCopied);
        _activation.LeaveTurn(_callerContext);
        return pending;
    }

    private static async ValueTask IgnoreResultAsync(ValueTask<Unit> answer) => await answer;
}
