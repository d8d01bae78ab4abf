using System.Reflection;
using Orleans.Runtime;
using Orleans.Scheduling;
using Orleans.Serialization.Invocation;
using OrleansCodeGen.Support;

namespace Orleans
{
    /// <summary>A call on its way through filters.</summary>
    public interface IGrainCallContext
    {
        /// <summary>The call itself.</summary>
        IInvokable Request { get; }

        /// <summary>The grain: the object for incoming calls, the reference for outgoing ones.</summary>
        object? Grain { get; }

        /// <summary>The grain that calls, if one does.</summary>
        GrainId? SourceId { get; }

        /// <summary>The grain that is called.</summary>
        GrainId TargetId { get; }

        /// <summary>The interface's name.</summary>
        string InterfaceName { get; }

        /// <summary>The method's name.</summary>
        string MethodName { get; }

        /// <summary>The method of the interface.</summary>
        MethodInfo InterfaceMethod { get; }

        /// <summary>The result, after <see cref="Invoke"/>; filters may replace it.</summary>
        object? Result { get; set; }

        /// <summary>Goes on to the next filter or the grain.</summary>
        Task Invoke();
    }

    /// <summary>A call that has arrived.</summary>
    public interface IIncomingGrainCallContext : IGrainCallContext
    {
        /// <summary>The activation.</summary>
        IGrainContext TargetContext { get; }

        /// <summary>The method of the class.</summary>
        MethodInfo ImplementationMethod { get; }
    }

    /// <summary>A call that leaves.</summary>
    public interface IOutgoingGrainCallContext : IGrainCallContext
    {
        /// <summary>The calling activation, if a grain calls.</summary>
        IGrainContext? SourceContext { get; }
    }

    /// <summary>Sees calls before the grain does.</summary>
    public interface IIncomingGrainCallFilter
    {
        /// <summary>Sees a call.</summary>
        Task Invoke(IIncomingGrainCallContext context);
    }

    /// <summary>Sees calls before they leave.</summary>
    public interface IOutgoingGrainCallFilter
    {
        /// <summary>Sees a call.</summary>
        Task Invoke(IOutgoingGrainCallContext context);
    }

    /// <summary>A filter as a delegate.</summary>
    public delegate Task IncomingGrainCallFilterDelegate(IIncomingGrainCallContext context);

    /// <summary>A filter as a delegate.</summary>
    public delegate Task OutgoingGrainCallFilterDelegate(IOutgoingGrainCallContext context);
}

namespace Orleans.Filters
{
    /// <summary>The filters of this process, in the order of their registration.</summary>
    internal sealed class CallFilters(
        IEnumerable<IIncomingGrainCallFilter> incoming, IEnumerable<IOutgoingGrainCallFilter> outgoing)
    {
        internal IIncomingGrainCallFilter[] Incoming { get; } = [.. incoming];

        internal IOutgoingGrainCallFilter[] Outgoing { get; } = [.. outgoing];

        internal bool HasIncoming => Incoming.Length > 0;

        internal bool HasOutgoing => Outgoing.Length > 0;

        internal bool HasAny => HasIncoming || HasOutgoing;
    }

    /// <summary>A filter made of a delegate.</summary>
    internal sealed class IncomingDelegateFilter(IncomingGrainCallFilterDelegate filter) : IIncomingGrainCallFilter
    {
        public Task Invoke(IIncomingGrainCallContext context) => filter(context);
    }

    /// <summary>A filter made of a delegate.</summary>
    internal sealed class OutgoingDelegateFilter(OutgoingGrainCallFilterDelegate filter) : IOutgoingGrainCallFilter
    {
        public Task Invoke(IOutgoingGrainCallContext context) => filter(context);
    }

    /// <summary>What incoming and outgoing calls have in common.</summary>
    internal abstract class FilteredCall(GrainRequest request)
    {
        public IInvokable Request => request;

        public string InterfaceName => request.GetInterfaceName();

        public string MethodName => request.GetMethodName();

        public GrainId? SourceId => request.Context.Parent?.Target?.GrainId;

        public MethodInfo InterfaceMethod => FindMethod(request.GetInterfaceType());

        public object? Result { get; set; }

        protected GrainRequest Call => request;

        protected MethodInfo FindMethod(Type type)
        {
            foreach (var candidate in type.GetInterfaces().Prepend(type))
            {
                foreach (var method in candidate.GetMethods())
                {
                    if (string.Equals(method.Name, MethodName, StringComparison.Ordinal)
                        && method.GetParameters().Length == request.GetArgumentCount())
                    {
                        return method;
                    }
                }
            }

            throw new InvalidOperationException($"{type} has no method {MethodName}");
        }
    }

    /// <summary>An incoming call.</summary>
    internal sealed class IncomingCall(GrainRequest request, Activation activation)
        : FilteredCall(request), IIncomingGrainCallContext
    {
        private int _next;

        public object? Grain => activation.GrainInstance;

        public IGrainContext TargetContext => activation;

        public GrainId TargetId => activation.GrainId;

        public MethodInfo ImplementationMethod => FindMethod(activation.GrainInstance!.GetType());

        public async Task Invoke()
        {
            var filters = activation.System.Filters.Incoming;
            if (_next < filters.Length)
            {
                await filters[_next++].Invoke(this);
            }
            else if (_next == filters.Length)
            {
                _next++;
                if (activation.GrainInstance is IIncomingGrainCallFilter own)
                {
                    await own.Invoke(this);
                }
                else
                {
                    await Invoke();
                }
            }
            else
            {
                Result = await Call.InvokeObjectAsync(activation.GrainInstance!);
            }
        }
    }

    /// <summary>An outgoing call.</summary>
    internal sealed class OutgoingCall(
        GrainRequest request, GrainId target, Func<ValueTask<object?>> send, IOutgoingGrainCallFilter[] filters)
        : FilteredCall(request), IOutgoingGrainCallContext
    {
        private int _next;

        public object? Grain => Call.System.Factory.CreateReference(Call.GetInterfaceType(), target);

        public GrainId TargetId => target;

        public IGrainContext? SourceContext => Call.Context.Parent?.Target;

        public async Task Invoke()
        {
            if (_next < filters.Length)
            {
                await filters[_next++].Invoke(this);
            }
            else
            {
                Result = await send();
            }
        }
    }
}
