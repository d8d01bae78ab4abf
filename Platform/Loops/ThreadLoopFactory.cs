namespace ClaudeFs.Platform.Loops;

/// <summary>Makes loops with threads of their own.</summary>
/// <param name="onFault">Told the loop's name and what its work threw; without one the process ends at once.</param>
public sealed class ThreadLoopFactory(Action<string, Exception>? onFault = null) : ILoopFactory
{
    private readonly Action<string, Exception> _onFault = onFault ?? ThreadLoop.FailFast;

    /// <inheritdoc />
    public ILoop Start(string name) => new ThreadLoop(name, _onFault);
}
