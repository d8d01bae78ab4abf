using System.Runtime.CompilerServices;

namespace ClaudeFs.Platform.Loops;

/// <summary>What is built from <see cref="ILoop.Post"/>.</summary>
public static class LoopExtensions
{
    /// <summary>Awaited, continues on <paramref name="loop"/>: always by way of its queue.</summary>
    public static LoopSwitch SwitchTo(this ILoop loop) => new(loop);
}

/// <summary>Awaitable of <see cref="LoopExtensions.SwitchTo"/>; allocates nothing of its own.</summary>
public readonly struct LoopSwitch(ILoop loop) : ICriticalNotifyCompletion
{
    private static readonly Action<object?> Resume = static state => ((Action)state!)();

    /// <summary>Never: the queue keeps the order.</summary>
    public bool IsCompleted => false;

    /// <summary>Itself.</summary>
    public LoopSwitch GetAwaiter() => this;

    /// <summary>Nothing to get.</summary>
    public void GetResult()
    {
    }

    /// <inheritdoc />
    public void OnCompleted(Action continuation) => loop.Post(Resume, continuation);

    /// <inheritdoc />
    public void UnsafeOnCompleted(Action continuation) => loop.Post(Resume, continuation);
}
