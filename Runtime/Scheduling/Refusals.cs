using System.Text;
using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Scheduling;

/// <summary>Why calls are not run, in words.</summary>
internal static class Refusals
{
    internal static TimeoutException TimedOut(CallContext call)
        => new($"{call.Target?.GrainId.ToString() ?? "A call"}.{call.Method?.Name} was not answered in time; "
            + "whether it ran is unknown");

    internal static TimeoutException Expired(GrainId grain, GrainMethod method)
        => new($"{grain}.{method.Name} was not started: its deadline had passed");

    internal static LimitExceededException Overloaded(GrainId grain, int waiting)
        => new($"overloaded: {waiting} calls wait for {grain}");

    internal static LimitExceededException TooDeep(CallContext caller)
        => new($"a chain of more than {RuntimeLimits.ChainLengthMax} calls: {Chain(caller)}");

    internal static OrleansException Cycle(CallContext caller, GrainId target, GrainMethod method)
        => new($"call cycle refused, it would wait for itself: {Chain(caller)} -> {target}.{method.Name}");

    private static string Chain(CallContext caller)
    {
        var links = new List<string>();
        var root = caller;
        for (var call = caller; call is not null; call = call.Parent)
        {
            if (call is { Method: not null, Target: not null })
            {
                links.Add(call.ToString());
            }

            root = call;
        }

        links.Reverse();
        var text = new StringBuilder();
        foreach (var link in root.Origin?.Chain ?? [])
        {
            text.Append(link.Grain).Append('.').Append(link.Method).Append(" -> ");
        }

        return text.AppendJoin(" -> ", links).ToString();
    }
}
