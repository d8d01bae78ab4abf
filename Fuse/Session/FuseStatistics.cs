namespace ClaudeFs.Fuse.Session;

/// <summary>Totals since the mount; the difference of two is what a status line shows.</summary>
/// <param name="At">When, on the session's TimeProvider (GetTimestamp).</param>
/// <param name="Operations">Requests answered, without FORGET and INTERRUPT.</param>
/// <param name="Errors">Of these answered with an errno other than ENOENT, ENODATA, ERANGE and EEXIST, which are
/// ordinary.</param>
/// <param name="BytesRead">File data handed to the kernel.</param>
/// <param name="BytesWritten">File data taken from the kernel.</param>
/// <param name="Pending">Requests that wait now.</param>
/// <param name="KnownInodes">Inodes that the kernel holds now.</param>
public readonly record struct FuseStatistics(
    long At, long Operations, long Errors, long BytesRead, long BytesWritten, int Pending, int KnownInodes)
{
    /// <summary>Requests a second since <paramref name="earlier"/>.</summary>
    public double OperationsPerSecond(in FuseStatistics earlier, TimeProvider time) =>
        PerSecond(Operations - earlier.Operations, earlier, time);

    /// <summary>Bytes read and written a second since <paramref name="earlier"/>.</summary>
    public double BytesPerSecond(in FuseStatistics earlier, TimeProvider time) =>
        PerSecond(BytesRead + BytesWritten - earlier.BytesRead - earlier.BytesWritten, earlier, time);

    private double PerSecond(long count, in FuseStatistics earlier, TimeProvider time)
    {
        var seconds = time.GetElapsedTime(earlier.At, At).TotalSeconds;
        return seconds > 0 ? count / seconds : 0;
    }
}

/// <summary>Totals of one kind of request.</summary>
/// <param name="Opcode">Its name, as in fuse.h without FUSE_.</param>
/// <param name="Count">Answered.</param>
/// <param name="Errors">Answered with an errno.</param>
/// <param name="MedianMicroseconds">Upper bound of the power of two that holds the median time in the host.</param>
/// <param name="P99Microseconds">The same for 99 of 100.</param>
public readonly record struct FuseOpcodeStatistics(
    string Opcode, long Count, long Errors, double MedianMicroseconds, double P99Microseconds);
