using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Orleans.Catalogs;
using Orleans.CodeGeneration;
using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <summary>Where an activation stands in its life.</summary>
internal enum ActivationState
{
    /// <summary>No grain object yet.</summary>
    Created,

    /// <summary>The grain object is coming up.</summary>
    Activating,

    /// <summary>Calls run.</summary>
    Valid,

    /// <summary>The grain object is going; calls wait.</summary>
    Deactivating,

    /// <summary>Gone; calls are sent on.</summary>
    Invalid,
}

/// <summary>
/// One activation of a grain: its turns, its mailbox, its life.
/// </summary>
/// <remarks>
/// Whoever sets <c>_turn</c> from 0 to 1 owns the activation until it is set back: only the owner runs the grain's
/// code or
/// touches the fields marked so. Others only add to the inbox and, when the turn is free, take it or have the
/// scheduler take
/// it. The owner looks into the inbox once more after it let go, so that nothing is left behind. No locks are held
/// while
/// the grain's code runs. A continuation is a turn; a call is one or more turns, and which calls may be between their
/// turns
/// at the same time is decided by <see cref="MayRun"/>.
/// </remarks>
internal sealed partial class Activation : IThreadPoolWorkItem
{
    private static readonly SendOrPostCallback s_finish = static state
        => ((CallContext)state!).Target!.FinishInTurn((CallContext)state);

    [ThreadStatic]
    private static int t_inlineDepth;

    // Most activations never queue anything: there from the first item on.
    private ConcurrentQueue<WorkItem>? _inbox;
    private int _turn;
    private int _mailboxCount;
    private int _running;
    private volatile ActivationState _state;

    // Owned by the turn.
    private readonly Queue<GrainRequest> _waiting = new();
    private int _exclusiveCount;
    private int _readOnlyCount;

    internal Activation(ActorSystem system, GrainClass kind, GrainId grainId, long number)
    {
        System = system;
        Kind = kind;
        GrainId = grainId;
        Number = number;
        LastUsed = system.Now;
        _gone = new(system.Scheduler.KeepsOrder
            ? TaskCreationOptions.None
            : TaskCreationOptions.RunContinuationsAsynchronously);
    }

    internal ActorSystem System { get; }

    internal GrainClass Kind { get; }

    /// <summary>Order of creation in this silo.</summary>
    internal long Number { get; }

    internal bool IsValid => _state == ActivationState.Valid;

    internal ActivationState State => _state;

    /// <summary>Calls that have begun and not ended.</summary>
    internal int RunningCount => Volatile.Read(ref _running);

    /// <summary>Calls that have not begun.</summary>
    internal int WaitingCount => Volatile.Read(ref _mailboxCount);

    /// <summary>Calls here, running or waiting.</summary>
    internal int Load => RunningCount + WaitingCount;

    internal long LastUsed { get; private set; }

    private bool HasWork => Volatile.Read(ref _inbox) is { IsEmpty: false };

    private ConcurrentQueue<WorkItem> Inbox
    {
        get
        {
            if (Volatile.Read(ref _inbox) is { } inbox) return inbox;
            Interlocked.CompareExchange(ref _inbox, new(), null);
            return _inbox;
        }
    }

    /// <summary>Skips the coming up: the object is there.</summary>
    internal void BecomeValid() => _state = ActivationState.Valid;

    /// <summary>Begins a call on this thread if nothing speaks against it; the reasons are told by the slow
    /// way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal bool TryEnter(GrainMethod method, out InlineTurn turn)
    {
        turn = default;
        var callerContext = SynchronizationContext.Current;
        var caller = callerContext as CallContext;
        if (t_inlineDepth >= RuntimeLimits.InlineDepthMax || System.Filters.HasAny || !Kind.RunsInline
            || method.IsOneWay
            || Interlocked.CompareExchange(ref _turn, 1, 0) != 0)
        {
            return false;
        }

        var kind = Kind.IsReentrant ? CallKind.Free : KindOf(method);
        var now = System.Now;
        if (_state != ActivationState.Valid || IsDeactivationWanted || HasWork || !MayRun(kind)
            || !MayFollow(caller, now)
            || _running >= RuntimeLimits.RunningCallsMax)
        {
            ReleaseTurn();
            return false;
        }

        var context = new CallContext(
            this, caller, method, System.DeadlineFor(method, caller, now), caller is null ? RequestContext.Current
                : caller.Values)
        {
            Kind = kind,
        };
        BeginRunning(kind);
        LastUsed = now;
        SynchronizationContext.SetSynchronizationContext(context);
        t_inlineDepth++;
        turn = new InlineTurn(this, context, callerContext);
        return true;
    }

    /// <summary>Ends a call that <see cref="TryEnter"/> began and whose answer is there.</summary>
    internal void LeaveCompleted(CallContext context, SynchronizationContext? callerContext)
    {
        FinishInTurn(context);
        LeaveTurn(callerContext);
    }

    /// <summary>Ends the first turn of a call that <see cref="TryEnter"/> began.</summary>
    internal void LeaveTurn(SynchronizationContext? callerContext)
    {
        SynchronizationContext.SetSynchronizationContext(callerContext);
        t_inlineDepth--;
        if (!HasWork && (_waiting.Count == 0 || !MayRunNext()) && !IsLifeChanging)
        {
            Interlocked.Exchange(ref _turn, 0);
            if (HasWork)
            {
                Wake();
            }

            return;
        }

        Drain(RuntimeLimits.ForeignQuantumItems);
    }

    /// <summary>Takes a call: runs it here and now if the activation is idle, else lets it wait.</summary>
    internal void Accept(GrainRequest request)
    {
        var waiting = Interlocked.Increment(ref _mailboxCount);
        if (waiting > System.MailboxCallsMax)
        {
            Interlocked.Decrement(ref _mailboxCount);
            request.Refuse(Refusals.Overloaded(GrainId, waiting - 1));
            return;
        }

        request.Context.Target = this;
        Inbox.Enqueue(new WorkItem(null, request, request.Context));
        if (!Kind.IsObserver && !request.Method.IsOneWay && t_inlineDepth < RuntimeLimits.InlineDepthMax
            && Interlocked.CompareExchange(ref _turn, 1, 0) == 0)
        {
            Drain(RuntimeLimits.ForeignQuantumItems);
        }
        else
        {
            Wake();
        }
    }

    internal void PostContinuation(CallContext context, SendOrPostCallback callback, object? state)
    {
        Inbox.Enqueue(new WorkItem(callback, state, context));
        Wake();
    }

    /// <summary>A call has ended, on whatever thread.</summary>
    internal void FinishRequest(CallContext context)
    {
        if (context.Kind == CallKind.Free && !IsLifeChanging)
        {
            context.IsFinished = true;
            Interlocked.Decrement(ref _running);
            if (IsLifeChanging)
            {
                Wake(force: true);
            }
        }
        else if (CallContext.Current?.Target == this && Volatile.Read(ref _turn) == 1)
        {
            FinishInTurn(context);
        }
        else
        {
            PostContinuation(context, s_finish, context);
        }
    }

    /// <summary>Runs queued work on a pool thread; the turn was taken by whoever queued this.</summary>
    void IThreadPoolWorkItem.Execute() => Drain(RuntimeLimits.PoolQuantumItems);

    private static CallKind KindOf(GrainMethod method)
        => (method.Options & InvokeMethodOptions.AlwaysInterleave) != 0 ? CallKind.Free
            : (method.Options & InvokeMethodOptions.ReadOnly) != 0 ? CallKind.ReadOnly
            : CallKind.Exclusive;

    private bool MayRun(CallKind kind) => kind switch
    {
        CallKind.Free => true,
        CallKind.ReadOnly => _exclusiveCount == 0 && _waiting.Count == 0,
        _ => _exclusiveCount == 0 && _readOnlyCount == 0 && _waiting.Count == 0,
    };

    /// <summary>Whether the call may follow its caller: in time, not too deep, not back into the chain.</summary>
    private bool MayFollow(CallContext? caller, long now)
    {
        if (caller is null)
        {
            return true;
        }

        if (now > caller.Deadline || caller.Depth >= RuntimeLimits.ChainLengthMax)
        {
            return false;
        }

        for (var call = caller; call is not null; call = call.Parent)
        {
            if (ReferenceEquals(call.Target, this) || (call.Origin is { } origin && origin.Contains(GrainId)))
            {
                return false;
            }
        }

        return true;
    }

    private void BeginRunning(CallKind kind)
    {
        Interlocked.Increment(ref _running);
        if (kind == CallKind.Exclusive)
        {
            _exclusiveCount++;
        }
        else if (kind == CallKind.ReadOnly)
        {
            _readOnlyCount++;
        }
    }

    private void FinishInTurn(CallContext context)
    {
        context.IsFinished = true;
        Interlocked.Decrement(ref _running);
        if (context.Kind == CallKind.Exclusive)
        {
            _exclusiveCount--;
        }
        else if (context.Kind == CallKind.ReadOnly)
        {
            _readOnlyCount--;
        }
    }

    /// <summary>Sees to it that somebody drains the inbox.</summary>
    private void Wake(bool force = false)
    {
        if ((force || HasWork) && Interlocked.CompareExchange(ref _turn, 1, 0) == 0)
        {
            System.Scheduler.Post(this);
        }
    }

    private void ReleaseTurn()
    {
        Interlocked.Exchange(ref _turn, 0);
        Wake();
    }

    /// <summary>Runs queued work; the caller owns the turn and has given it away when this returns.</summary>
    private void Drain(int quantum)
    {
        var callerContext = SynchronizationContext.Current;
        var flow = ExecutionContext.Capture();
        t_inlineDepth++;
        try
        {
            while (true)
            {
                for (; quantum > 0 && RunOne(); quantum--)
                {
                }

                if (quantum == 0 && (HasWork || MayRunNext() || MustContinueLife))
                {
                    System.Scheduler.Post(this);
                    return;
                }

                Interlocked.Exchange(ref _turn, 0);
                if ((!HasWork && !MustContinueLife) || Interlocked.CompareExchange(ref _turn, 1, 0) != 0)
                {
                    return;
                }
            }
        }
        finally
        {
            t_inlineDepth--;
            SynchronizationContext.SetSynchronizationContext(callerContext);
            if (flow is not null)
            {
                ExecutionContext.Restore(flow);
            }
        }
    }

    /// <summary>Runs one turn; false: nothing can be run.</summary>
    private bool RunOne()
    {
        SynchronizationContext.SetSynchronizationContext(null);
        ExecutionContext.Restore(DefaultFlow.Value);
        if (ContinueLife())
        {
            return true;
        }

        if (MayRunNext())
        {
            StartRequest(_waiting.Dequeue());
            return true;
        }

        if (_inbox is null || !_inbox.TryDequeue(out var item))
        {
            return false;
        }

        if (item.Callback is null)
        {
            Admit((GrainRequest)item.State!);
        }
        else
        {
            SynchronizationContext.SetSynchronizationContext(item.Context);
            try
            {
                item.Callback(item.State);
            }
            catch (Exception e)
            {
                System.Log.ContinuationFailed(GrainId, e);
            }
        }

        return true;
    }

    private bool MayRunNext()
        => _waiting.TryPeek(out var next) && _state == ActivationState.Valid && !IsDeactivationWanted
            && next.Context.Kind switch
        {
            CallKind.Free => true,
            CallKind.ReadOnly => _exclusiveCount == 0,
            _ => _exclusiveCount == 0 && _readOnlyCount == 0,
        };

    private void Admit(GrainRequest request)
    {
        var context = request.Context;
        context.Kind = Kind.IsReentrant || context.IsReentry || Kind.MayInterleave(request)
            ? CallKind.Free
            : KindOf(request.Method);
        if (_state == ActivationState.Invalid)
        {
            Interlocked.Decrement(ref _mailboxCount);
            System.Forward(request);
        }
        else if (_state == ActivationState.Valid && MayRun(context.Kind)
            && (!IsDeactivationWanted || context.IsReentry))
        {
            StartRequest(request);
        }
        else
        {
            _waiting.Enqueue(request);
            BeginLife();
        }
    }

    private void StartRequest(GrainRequest request)
    {
        Interlocked.Decrement(ref _mailboxCount);
        var context = request.Context;
        var now = System.Now;
        if (now > context.Deadline)
        {
            request.Refuse(Refusals.Expired(GrainId, request.Method));
            return;
        }

        if (request.Cancellation.IsCancellationRequested)
        {
            request.Refuse(new OperationCanceledException(request.Cancellation));
            return;
        }

        if (_running >= RuntimeLimits.RunningCallsMax)
        {
            request.Refuse(Refusals.Overloaded(GrainId, _running));
            return;
        }

        if (request.KeepsAlive)
        {
            LastUsed = now;
        }

        BeginRunning(context.Kind);
        SynchronizationContext.SetSynchronizationContext(context);
        if (request.Flow is { } flow)
        {
            ExecutionContext.Restore(flow);
        }

        request.Start(this);
    }

    /// <summary>A request (no callback) or a continuation of a call.</summary>
    private readonly record struct WorkItem(SendOrPostCallback? Callback, object? State, CallContext? Context);
}
