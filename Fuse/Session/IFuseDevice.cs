namespace ClaudeFs.Fuse.Session;

/// <summary>A connection to the kernel, as one reader sees it: /dev/fuse, or a test's stand-in.</summary>
internal interface IFuseDevice
{
    /// <summary>Waits for a request and copies it to <paramref name="destination"/>. Returns its length, or
    /// -errno.</summary>
    int Receive(Span<byte> destination);

    /// <summary>Hands over a whole reply or notification. Returns 0 or an errno: ENOENT when the kernel no longer wants
    /// it.</summary>
    int Send(ReadOnlySpan<byte> message);
}
