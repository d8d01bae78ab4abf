using System.Runtime.CompilerServices;
using Orleans.Runtime;
using Orleans.Scheduling;

namespace OrleansCodeGen.Support;

/// <summary>Base of the generated references: tries the call in line, else sends a request.</summary>
public abstract class GeneratedReference : GrainReference
{
    private Activation? _target;

    /// <summary>Binds the reference.</summary>
    protected GeneratedReference(ReferenceBinding binding)
        : base(binding)
    {
    }

    /// <summary>
    /// Begins a call on this thread when the target is an idle activation here; the caller must then call the grain and
    /// leave the turn. False: send a request instead, which also answers with the refusals.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected bool TryEnter(GrainMethod method, out InlineTurn turn)
    {
        var target = _target;
        if (target is null || !target.IsValid)
        {
            target = Binding.System.FindInlineTarget(Binding);
            _target = target;
            if (target is null)
            {
                turn = default;
                return false;
            }
        }

        return target.TryEnter(method, out turn);
    }

    /// <summary>Begins a call unless the caller has cancelled it.</summary>
    protected bool TryEnterUncancelled(GrainMethod method, CancellationToken cancellation, out InlineTurn turn)
    {
        turn = default;
        return !cancellation.IsCancellationRequested && TryEnter(method, out turn);
    }

    /// <summary>Sends a request and waits for its result.</summary>
    protected ValueTask<T> SendAsync<T>(GrainMethod method, GrainRequest<T> request,
        CancellationToken cancellation = default)
    {
        request.Method = method;
        return Binding.System.SendAsync(Binding, request, cancellation);
    }

    /// <summary>Sends a request and waits for its end.</summary>
    protected ValueTask SendAsync(GrainMethod method, GrainRequest<Unit> request,
        CancellationToken cancellation = default)
    {
        var answer = SendAsync<Unit>(method, request, cancellation);
        if (answer.IsCompletedSuccessfully)
        {
            answer.GetAwaiter().GetResult();
            return default;
        }

        return IgnoreResultAsync(answer);
    }

    private static async ValueTask IgnoreResultAsync(ValueTask<Unit> answer) => await answer;
}
