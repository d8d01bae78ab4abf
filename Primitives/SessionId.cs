using System.Globalization;
using Orleans;

namespace ClaudeFs.Primitives;

/// <summary>One client's session with the file system; never reused, 0 is none (the system itself).</summary>
[GenerateSerializer, Immutable, Alias("fs.sessionid")]
public readonly record struct SessionId(ulong Value)
{
    public static SessionId None => default;

    public override string ToString() => Value.ToString("x", CultureInfo.InvariantCulture);
}
