namespace ClaudeFs.Fuse.Session;

/// <summary>How a file system is mounted.</summary>
public sealed class FuseOptions
{
    /// <summary>Threads that read requests, 1 to <see cref="Primitives.Limits.FuseReadersMax"/>; more than cores only
    /// adds wake-ups.</summary>
    public int Readers { get; init; } = 2;

    /// <summary>How long a request may wait before it is answered with ETIMEDOUT; more than zero.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a notification may be held up by a lock of the kernel before a way around it is
    /// taken.</summary>
    public TimeSpan NotificationTimeout { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long requests may take to end once the mount has ended.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that the kernel reads ahead; a multiple of 4096 up to 16 MiB.</summary>
    public int ReadAheadBytes { get; init; } = 1 << 20;

    /// <summary>Mount although the directory has entries; they are hidden meanwhile.</summary>
    public bool AllowNonEmpty { get; init; }

    /// <summary>Let other users in; without root this needs user_allow_other in /etc/fuse.conf. Null: when root
    /// mounts.</summary>
    public bool? AllowOther { get; init; }

    /// <summary>Mount read-only.</summary>
    public bool IsReadOnly { get; init; }

    /// <summary>What df and mount show as the source.</summary>
    public string Source { get; init; } = "claudefs";

    /// <summary>The type is "fuse." and this.</summary>
    public string Subtype { get; init; } = "claudefs";

    /// <summary>Throws <see cref="ArgumentException"/> naming property, value and rule.</summary>
    public void Validate()
    {
        Require(Readers is >= 1 and <= Primitives.Limits.FuseReadersMax, nameof(Readers), Readers,
            $"1 to {Primitives.Limits.FuseReadersMax}");
        Require(RequestTimeout > TimeSpan.Zero, nameof(RequestTimeout), RequestTimeout, "more than zero");
        Require(NotificationTimeout > TimeSpan.Zero, nameof(NotificationTimeout), NotificationTimeout,
            "more than zero");
        Require(StopTimeout > TimeSpan.Zero, nameof(StopTimeout), StopTimeout, "more than zero");
        Require(ReadAheadBytes is >= 4096 and <= 16 << 20 && ReadAheadBytes % 4096 == 0, nameof(ReadAheadBytes),
            ReadAheadBytes, "a multiple of 4096 up to 16 MiB");
        Require(IsPlain(Source), nameof(Source), Source, "letters, digits, '-', '_', ':', '.' and '/'");
        Require(IsPlain(Subtype), nameof(Subtype), Subtype, "letters, digits, '-', '_', ':', '.' and '/'");
    }

    private static bool IsPlain(string text) =>
        text.Length != 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "-_:./".Contains(c));

    private static void Require(bool holds, string property, object value, string rule)
    {
        if (!holds) throw new ArgumentException($"FuseOptions.{property} is {value}; it must be {rule}");
    }
}
