using Orleans.Scheduling;

namespace Orleans.Runtime;

/// <summary>
/// Values that go with a call to everything that it calls. Inside a grain they belong to the running call; outside they
/// belong to the asynchronous flow of the caller.
/// </summary>
public static class RequestContext
{
    private static readonly AsyncLocal<RequestValues?> s_outside = new();

    /// <summary>All values.</summary>
    public static IEnumerable<KeyValuePair<string, object>> Entries => Current?.Values ?? [];

    /// <summary>All names.</summary>
    public static IEnumerable<string> Keys => Current?.Values.Keys ?? Enumerable.Empty<string>();

    /// <summary>The section opened by <see cref="AllowCallChainReentrancy"/>, or empty.</summary>
    public static Guid ReentrancyId
    {
        get => Current?.ReentrancyId ?? Guid.Empty;
        set => Current = new RequestValues(Current?.Values ?? [], value);
    }

    internal static RequestValues? Current
    {
        get => CallContext.Current is { } call ? call.Values : s_outside.Value;
        private set
        {
            if (CallContext.Current is { } call)
            {
                call.Values = value;
            }
            else
            {
                s_outside.Value = value;
            }
        }
    }

    /// <summary>A value, or null.</summary>
    public static object? Get(string key) => Current?.Values.GetValueOrDefault(key);

    /// <summary>Sets a value for the calls from here on.</summary>
    public static void Set(string key, object value)
        => Current = new RequestValues(
            new Dictionary<string, object>(Current?.Values ?? [], StringComparer.Ordinal) { [key] = value },
                ReentrancyId);

    /// <summary>Removes a value.</summary>
    public static bool Remove(string key)
    {
        if (Current is not { } current || !current.Values.ContainsKey(key))
        {
            return false;
        }

        var values = new Dictionary<string, object>(current.Values, StringComparer.Ordinal);
        values.Remove(key);
        Current = new RequestValues(values, current.ReentrancyId);
        return true;
    }

    /// <summary>Removes all values.</summary>
    public static void Clear() => Current = null;

    /// <summary>Until the section is disposed, calls made from here may come back into this grain.</summary>
    public static ReentrancySection AllowCallChainReentrancy()
    {
        var before = ReentrancyId;
        return new ReentrancySection(before, before == Guid.Empty ? ReentrancyIds.Next() : before);
    }

    /// <summary>Until the section is disposed, calls made from here may not come back into this grain.</summary>
    public static ReentrancySection SuppressCallChainReentrancy() => new(ReentrancyId, Guid.Empty);

    /// <summary>A stretch of code with another rule for calls that come back.</summary>
    public readonly struct ReentrancySection : IDisposable
    {
        private readonly Guid _originalReentrancyId;

        /// <summary>Enters the section.</summary>
        public ReentrancySection(Guid originalReentrancyId, Guid newReentrancyId)
        {
            _originalReentrancyId = originalReentrancyId;
            ReentrancyId = newReentrancyId;
        }

        /// <inheritdoc/>
        public void Dispose() => ReentrancyId = _originalReentrancyId;
    }
}

/// <summary>Values of a call; never changed, replaced.</summary>
internal sealed class RequestValues(Dictionary<string, object> values, Guid reentrancyId)
{
    internal Dictionary<string, object> Values { get; } = values;

    internal Guid ReentrancyId { get; } = reentrancyId;
}

/// <summary>Numbers for reentrancy sections: unique in the process, the same in each run.</summary>
internal static class ReentrancyIds
{
    private static long s_last;

    internal static Guid Next()
    {
        Span<byte> bytes = stackalloc byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(bytes, Interlocked.Increment(ref s_last));
        bytes[15] = 1;
        return new Guid(bytes);
    }
}
