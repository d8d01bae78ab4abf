using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>
/// A block store behind a connection that comes and goes: what had no answer is asked again, as grain calls are, until
/// SessionWaitMax is over; a flush goes on beyond that. Thread-safe.
/// </summary>
/// <remarks>
/// A call may be done twice: reads change nothing, what a lost put has stored is garbage, and what a lost reservation
/// was promised ends with the connection on which it was made.
/// </remarks>
internal sealed class PatientBlockClient(IBlockClient blocks, ClientDependencies dependencies, ClientOptions options)
    : IBlockClient
{
    /// <inheritdoc />
    public ValueTask<FsResult<PutReply>> PutAsync(
        ReadOnlyMemory<BlockWrite> items, Memory<ChunkLocation> locations, CancellationToken cancellationToken) =>
        RepeatAsync((blocks, items, locations),
            static (ask, token) => ask.blocks.PutAsync(ask.items, ask.locations, token), cancellationToken);

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> ReadAsync(
        ChunkLocation location, uint checksum, Memory<byte> destination, CancellationToken cancellationToken) =>
        RepeatAsync((blocks, location, checksum, destination),
            static (ask, token) => ask.blocks.ReadAsync(ask.location, ask.checksum, ask.destination, token),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<FsResult<Nothing>> ReserveAsync(long bytes, CancellationToken cancellationToken) =>
        RepeatAsync((blocks, bytes), static (ask, token) => ask.blocks.ReserveAsync(ask.bytes, token),
            cancellationToken);

    /// <inheritdoc />
    public ValueTask<FsResult<StoreSpace>> GetSpaceAsync(CancellationToken cancellationToken) =>
        RepeatAsync(blocks, static (ask, token) => ask.GetSpaceAsync(token), cancellationToken);

    private static bool IsUnanswered(FsError error) =>
        error is FsError.EHOSTUNREACH or FsError.ETIMEDOUT or FsError.ENOTCONN or FsError.EAGAIN;

    private async ValueTask<FsResult<TReply>> RepeatAsync<TArgument, TReply>(
        TArgument argument, Func<TArgument, CancellationToken, ValueTask<FsResult<TReply>>> call,
        CancellationToken cancellationToken)
    {
        var (time, started, delay) = (dependencies.Time, dependencies.Time.GetTimestamp(), options.RetryDelay);
        while (true)
        {
            var reply = await call(argument, cancellationToken);
            if (!IsUnanswered(reply.Error)) return reply;
            if (time.GetElapsedTime(started) + delay >= options.SessionWaitMax) return reply.Error;
            dependencies.Logger.BlocksAskedAgain(reply.Error, delay);
            await Task.Delay(delay, time, cancellationToken);
            delay = delay * 2 < options.RetryDelayMax ? delay * 2 : options.RetryDelayMax;
        }
    }
}
