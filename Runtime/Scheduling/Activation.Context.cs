using Microsoft.Extensions.DependencyInjection;
using Orleans.Lifecycle;
using Orleans.Runtime;

namespace Orleans.Scheduling;

/// <content>The activation as the grain sees it.</content>
internal sealed partial class Activation : IGrainContext, IWorkItemScheduler
{
    private AsyncServiceScope? _services;
    private LifecycleSubject? _lifecycle;
    private Dictionary<Type, object>? _components;
    private GrainReference? _reference;

    public GrainId GrainId { get; }

    public object? GrainInstance { get; internal set; }

    public GrainReference GrainReference => _reference ??= System.Factory.CreateUntyped(GrainId, Kind);

    public IServiceProvider ActivationServices
        => (_services ??= System.Services.CreateAsyncScope()).ServiceProvider;

    public IGrainLifecycle ObservableLifecycle => _lifecycle ??= new LifecycleSubject();

    public IWorkItemScheduler Scheduler => this;

    public Task Deactivated => _gone.Task;

    internal IGrainRuntime Runtime => System;

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
        => BeginDeactivate(deactivationReason);

    public object? GetTarget() => GrainInstance;

    public object? GetComponent(Type componentType)
    {
        if (_components is not null && _components.TryGetValue(componentType, out var component))
        {
            return component;
        }

        return componentType.IsInstanceOfType(GrainInstance) ? GrainInstance : null;
    }

    public void SetComponent<TComponent>(TComponent? value)
        where TComponent : class
    {
        if (value is null)
        {
            _components?.Remove(typeof(TComponent));
        }
        else
        {
            (_components ??= [])[typeof(TComponent)] = value;
        }
    }

    public void QueueAction(Action action)
        => PostContinuation(
            new CallContext(this, null, null, long.MaxValue, null), static state => ((Action)state!)(), action);

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    public override bool Equals(object? obj) => ReferenceEquals(this, obj);

    public override int GetHashCode() => (int)Number;

    public override string ToString() => $"{GrainId} ({_state})";
}
