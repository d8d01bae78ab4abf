using System.Collections.Concurrent;

namespace ClaudeFs.Runtime.Tests;

/// <summary>Points in grains at which a test holds them, by name; and a record of who was there.</summary>
internal static class Gates
{
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> s_gates = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, TaskCompletionSource> s_arrivals = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string,
        ConcurrentQueue<string>> s_records = new(StringComparer.Ordinal);

    /// <summary>Waits in a grain until the test opens the gate.</summary>
    public static Task PassAsync(string name)
    {
        Source(s_arrivals, name).TrySetResult();
        return Source(s_gates, name).Task;
    }

    /// <summary>Waits in a test until a grain stands at the gate.</summary>
    public static Task ArrivedAsync(string name) => Source(s_arrivals, name).Task.WaitAsync(TimeSpan.FromSeconds(20));

    /// <summary>Opens a gate for all who stand there and who come.</summary>
    public static void Open(string name) => Source(s_gates, name).TrySetResult();

    public static void OpenAll()
    {
        foreach (var name in s_gates.Keys.Where(static n => n.StartsWith("all:", StringComparison.Ordinal)))
        {
            Open(name);
        }
    }

    public static void Record(string name, string what)
        => s_records.GetOrAdd(name, static _ => new ConcurrentQueue<string>()).Enqueue(what);

    public static IReadOnlyList<string> Records(string name)
        => s_records.TryGetValue(name, out var records) ? [.. records] : [];

    private static TaskCompletionSource Source(ConcurrentDictionary<string, TaskCompletionSource> sources, string name)
        => sources.GetOrAdd(
            name, static _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
