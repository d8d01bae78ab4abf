namespace Orleans.Scheduling;

/// <summary>The execution context without any values, under which queued work starts.</summary>
internal static class DefaultFlow
{
    internal static readonly ExecutionContext Value = Capture();

    private static ExecutionContext Capture()
    {
        ExecutionContext? flow = null;
        var thread = new Thread(() => flow = ExecutionContext.Capture()) { IsBackground = true };
        thread.UnsafeStart();
        thread.Join();
        return flow!;
    }
}
