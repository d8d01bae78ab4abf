using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Catalogs;
using Orleans.Configuration;
using Orleans.Filters;
using Orleans.Messaging;
using Orleans.Runtime;
using Orleans.Timers;
using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <summary>The runtime of one process: a silo with its grains, or a client that only calls.</summary>
internal sealed class ActorSystem : IGrainRuntime, ITimerRegistry, IGrainContextAccessor, IAsyncDisposable
{
    private readonly double _timestampsPerTick;
    private readonly long _defaultTimeout;
    private readonly IUncommittedWorkProbe[] _probes;

    public ActorSystem(IServiceProvider services, SystemRole role)
    {
        Services = services;
        Role = role;
        Time = services.GetRequiredService<TimeProvider>();
        Scheduler = services.GetRequiredService<WorkScheduler>();
        Options = services.GetRequiredService<IOptions<GrainCollectionOptions>>().Value;
        Log = services.GetRequiredService<ILoggerFactory>().CreateLogger("Orleans.Runtime");
        Deadlines = new DeadlineWheel(Time);
        Types = services.GetRequiredService<GrainTypeTable>();
        Filters = services.GetRequiredService<CallFilters>();
        Catalog = new Catalog(this);
        Factory = new GrainFactory(this);
        _probes = [.. services.GetServices<IUncommittedWorkProbe>()];
        _timestampsPerTick = Time.TimestampFrequency / (double)TimeSpan.TicksPerSecond;
        var messaging = role == SystemRole.Silo
            ? services.GetRequiredService<IOptions<SiloMessagingOptions>>().Value
            : (MessagingOptions)services.GetRequiredService<IOptions<ClientMessagingOptions>>().Value;
        _defaultTimeout = ToTimestamp(messaging.ResponseTimeout);
        MailboxCallsMax = services.GetService<MailboxOptions>()?.CallsMax ?? RuntimeLimits.MailboxCallsMax;
        SiloAddress = role == SystemRole.Silo
            ? services.GetRequiredService<ILocalSiloDetails>().SiloAddress
            : SiloAddress.New(System.Net.IPAddress.Loopback, 0, -1);
        Remote = new RemoteCalls(this, services.GetService<IMessageTransport>());
        Placements = new Placement.PlacementService(this);
    }

    public IServiceProvider Services { get; }

    public IServiceProvider ServiceProvider => Services;

    public TimeProvider TimeProvider => Time;

    public ITimerRegistry TimerRegistry => this;

    public SiloAddress SiloAddress { get; }

    public string SiloIdentity => SiloAddress.ToString();

    public IGrainContext GrainContext => (IGrainContext?)CallContext.Current?.Target ?? ActivationScope.TryGet()!;

    IGrainFactory IGrainRuntime.GrainFactory => Factory;

    internal SystemRole Role { get; }

    internal TimeProvider Time { get; }

    internal WorkScheduler Scheduler { get; }

    internal GrainCollectionOptions Options { get; }

    internal ILogger Log { get; }

    internal DeadlineWheel Deadlines { get; }

    internal GrainTypeTable Types { get; }

    internal CallFilters Filters { get; }

    internal Catalog Catalog { get; }

    internal GrainFactory Factory { get; }

    internal RemoteCalls Remote { get; }

    internal Placement.PlacementService Placements { get; }

    internal int MailboxCallsMax { get; }

    internal long Now => Time.GetTimestamp();

    /// <summary>Set while the silo takes calls of grains.</summary>
    internal bool IsStopping { get; set; }

    public void DeactivateOnIdle(IGrainContext grainContext)
        => grainContext.Deactivate(new(DeactivationReasonCode.ApplicationRequested, "DeactivateOnIdle was called."));

    public void DelayDeactivation(IGrainContext grainContext, TimeSpan timeSpan)
        => ((Activation)grainContext).DelayDeactivation(timeSpan);

    public IGrainTimer RegisterGrainTimer<TState>(
        IGrainContext grainContext,
        Func<TState, CancellationToken, Task> callback,
        TState state,
        GrainTimerCreationOptions options)
        => GrainTimer.Start((Activation)grainContext, ct => callback(state, ct), options);

    public ValueTask DisposeAsync()
    {
        Deadlines.Dispose();
        return Remote.DisposeAsync();
    }

    internal long ToTimestamp(TimeSpan time)
        => time == TimeSpan.MaxValue || time == Timeout.InfiniteTimeSpan
            ? long.MaxValue / 2
            : (long)(time.Ticks * _timestampsPerTick);

    internal TimeSpan FromTimestamp(long timestamps) => TimeSpan.FromTicks((long)(timestamps / _timestampsPerTick));

    internal long DeadlineFor(GrainMethod method, CallContext? caller, long now)
    {
        var own = now + (method.Timeout is { } timeout ? ToTimestamp(timeout) : _defaultTimeout);
        return caller is not null && caller.Deadline < own ? caller.Deadline : own;
    }

    internal bool HasUncommittedWork(Activation activation)
    {
        foreach (var probe in _probes)
        {
            if (probe.HasUncommittedWork(activation))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The one activation of a grain here that calls may enter in line, or null.</summary>
    internal Activation? FindInlineTarget(ReferenceBinding binding)
    {
        var target = Catalog.FindOnly(binding.GrainId);
        return target is { IsValid: true, Kind.RunsInline: true, Kind.WorkersMax: 0 } ? target : null;
    }

    /// <summary>Sends a request through the outgoing filters to its grain, wherever that is.</summary>
    internal ValueTask<T> SendAsync<T>(ReferenceBinding binding, GrainRequest<T> request,
        CancellationToken cancellation)
    {
        var method = request.Method;
        var caller = CallContext.Current;
        var now = Now;
        request.System = this;
        request.Cancellation = cancellation;
        request.Flow = ExecutionContext.Capture();
        request.Context = new CallContext(
            null, method.IsOneWay ? null : caller, method, DeadlineFor(method, caller, now), RequestContext.Current);
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellation);
        }

        if (caller is not null && now > caller.Deadline)
        {
            return ValueTask.FromException<T>(Refusals.Expired(binding.GrainId, method));
        }

        if (caller is { Depth: >= RuntimeLimits.ChainLengthMax } && !method.IsOneWay)
        {
            return ValueTask.FromException<T>(Refusals.TooDeep(caller));
        }

        return Filters.HasOutgoing ? SendFilteredAsync(binding, request) : RouteAsync(binding.GrainId, request);
    }

    /// <summary>Takes a request that has come from another process.</summary>
    internal void Receive(GrainId target, GrainRequest request)
    {
        if (!TryFindKind(target, out var kind, out var grainId))
        {
            request.Refuse(NoSuchGrain(target));
        }
        else if (IsCycle(grainId, kind, request))
        {
            request.Refuse(Refusals.Cycle(request.Context, grainId, request.Method));
        }
        else
        {
            Deliver(grainId, kind, request);
        }
    }

    /// <summary>Sends a request on that met an activation that is gone.</summary>
    internal void Forward(GrainRequest request)
    {
        var target = request.Context.Target!;
        if (target.Kind.IsObserver || ++request.Forwards > RuntimeLimits.ForwardsMax || IsStopping)
        {
            request.Refuse(new SiloUnavailableException($"{target.GrainId} is gone and the call was not run"));
            return;
        }

        Catalog.GetOrCreate(target.GrainId, target.Kind).Accept(request);
    }

    private async ValueTask<T> SendFilteredAsync<T>(ReferenceBinding binding, GrainRequest<T> request)
    {
        var call = new OutgoingCall(
            request, binding.GrainId, async () => await RouteAsync(binding.GrainId, request), Filters.Outgoing);
        await call.Invoke();
        return call.Result is T result ? result : default!;
    }

    private ValueTask<T> RouteAsync<T>(GrainId target, GrainRequest<T> request)
    {
        if (!TryFindKind(target, out var kind, out var grainId))
        {
            return Remote.CanReach(target) ? Remote.SendAsync(target, request)
                : ValueTask.FromException<T>(NoSuchGrain(target));
        }

        if (IsCycle(grainId, kind, request))
        {
            return ValueTask.FromException<T>(Refusals.Cycle(request.Context.Parent!, grainId, request.Method));
        }

        if (Placements.IsAsked(kind) && Catalog.FindOnly(grainId) is null)
        {
            return PlaceAsync(grainId, kind, request);
        }

        return DeliverCopiedAsync(grainId, kind, request);
    }

    private async ValueTask<T> PlaceAsync<T>(GrainId grainId, GrainClass kind, GrainRequest<T> request)
    {
        var silo = await Placements.PlaceAsync(grainId, kind);
        return silo.Equals(SiloAddress)
            ? await DeliverCopiedAsync(grainId, kind, request)
            : await Remote.SendAsync(silo, grainId, request);
    }

    private ValueTask<T> DeliverCopiedAsync<T>(GrainId grainId, GrainClass kind, GrainRequest<T> request)
    {
        try
        {
            request.CopyArguments();
        }
        catch (WireException e)
        {
            return ValueTask.FromException<T>(e);
        }

        if (request.Method.IsOneWay)
        {
            Deliver(grainId, kind, request);
            return default;
        }

        var answer = request.Begin();
        Deliver(grainId, kind, request);
        return answer;
    }

    private void Deliver(GrainId grainId, GrainClass kind, GrainRequest request)
    {
        if (IsStopping && !kind.IsObserver && Catalog.FindOnly(grainId) is null)
        {
            request.Refuse(new SiloUnavailableException("The silo is stopping"));
            return;
        }

        var target = kind.IsObserver ? Catalog.FindOnly(grainId) : Catalog.GetOrCreate(grainId, kind);
        if (target is null)
        {
            request.Refuse(new ClientNotAvailableException($"The observer {grainId} is no longer there"));
            return;
        }

        target.Accept(request);
    }

    /// <summary>Whether the target runs a call of this chain that waits for this one; allowed re-entries are
    /// marked.</summary>
    private static bool IsCycle(GrainId target, GrainClass kind, GrainRequest request)
    {
        if (request.Method.IsOneWay || kind.WorkersMax > 0)
        {
            return false;
        }

        var start = request.Context.Origin is null ? request.Context.Parent : request.Context;
        for (var call = start; call is not null; call = call.Parent)
        {
            if (call.Target is { } running && !call.IsFinished && call.Kind != CallKind.Free
                && running.GrainId == target)
            {
                var isLife = ReferenceEquals(call.Method, LifeMethods.Activate)
                    || ReferenceEquals(call.Method, LifeMethods.Deactivate);
                var isAllowed = !isLife && (kind.IsReentrant || request.Method.IsAlwaysInterleave
                    || (call.Kind == CallKind.ReadOnly && request.Method.IsReadOnly)
                    || call.Values is { ReentrancyId: var id } && id != Guid.Empty
                    || kind.MayInterleave(request));
                request.Context.IsReentry = isAllowed;
                return !isAllowed;
            }

            foreach (var link in call.Origin?.Chain ?? [])
            {
                if (link.Grain == target)
                {
                    var isAllowed = kind.IsReentrant || request.Method.IsAlwaysInterleave || link.AllowsReentry
                        || kind.MayInterleave(request);
                    request.Context.IsReentry = isAllowed;
                    return !isAllowed;
                }
            }
        }

        return false;
    }

    private bool TryFindKind(GrainId target, out GrainClass kind, out GrainId grainId)
    {
        grainId = target;
        if (ClientIds.IsObserver(target))
        {
            kind = GrainClass.Observer;
            return Remote.IsLocal(target);
        }

        kind = null!;
        return Role == SystemRole.Silo && Types.TryResolve(target, out kind, out grainId);
    }

    private static OrleansException NoSuchGrain(GrainId target)
        => new($"No grain class here implements what {target} names");
}

/// <summary>What a process does.</summary>
internal enum SystemRole
{
    /// <summary>It has grains.</summary>
    Silo,

    /// <summary>It calls grains elsewhere.</summary>
    Client,
}

/// <summary>Says whether something of a grain waits to be committed; then it is not collected.</summary>
internal interface IUncommittedWorkProbe
{
    /// <summary>Whether something waits; called in a turn of the grain, so it must be quick.</summary>
    bool HasUncommittedWork(IGrainContext grain);
}

/// <summary>Another bound for mailboxes than the default.</summary>
internal sealed record MailboxOptions(int CallsMax);
