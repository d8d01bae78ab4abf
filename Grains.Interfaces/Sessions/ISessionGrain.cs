using ClaudeFs.Primitives;
using Orleans.Concurrency;

namespace ClaudeFs.Grains;

/// <summary>How a client introduces itself.</summary>
/// <param name="ClientName">Host, process and mount point, for people.</param>
/// <param name="IsEmbedded">The client lives in the silo's process and dies with it: needs no term.</param>
/// <param name="IsReturning">The session was open before the silo restarted: it is never made anew.</param>
[GenerateSerializer, Immutable, Alias("fs.session.hello")]
public sealed record SessionHello(string ClientName, bool IsEmbedded, bool IsReturning);

/// <summary>What a client may rely on.</summary>
/// <param name="Session">Its id.</param>
/// <param name="Term">How long leases hold from before a keepalive left, less 10 %.</param>
/// <param name="Incarnation">The file system's incarnation: inode generation.</param>
/// <param name="ServerTime">The silo's stamp: corrects the client's clock for file times.</param>
/// <param name="ChunkKey">32-byte key that names the tenant's chunks (keyed BLAKE3).</param>
[GenerateSerializer, Immutable, Alias("fs.session.welcome")]
public sealed record SessionWelcome(
    SessionId Session, TimeSpan Term, ulong Incarnation, Stamp ServerTime, byte[] ChunkKey);

/// <summary>Answer to a keepalive.</summary>
[GenerateSerializer, Immutable, Alias("fs.session.alive")]
public readonly record struct KeepAliveReply(Stamp ServerTime, ulong GarbageEpoch);

/// <summary>One client's session. Grain key: the session's id as a signed 64-bit number.</summary>
/// <remarks>
/// A call that got lost must be given up in time for the next attempts: to open within the time that a client waits for
/// a session, everything else within the term.
/// </remarks>
[Alias("fs.session")]
public interface ISessionGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Opens the session, logs it, and remembers how to call the client. After a restart of the silo a client opens the
    /// same id again within its term, takes again the leases that it needs, and calls <see cref="SettleAsync"/>: until
    /// then nothing that could conflict with what it held is granted or done. Its answers are still there. Errors:
    /// EEXIST for an id in use, EROFS, ESTALE when it was evicted or is over.
    /// </summary>
    [Alias("Open")]
    [ResponseTimeout("00:00:10")]
    ValueTask<FsResult<SessionWelcome>> OpenAsync(SessionHello hello, ILeaseHolder holder);

    /// <summary>
    /// A session that came back has its leases again: whoever waited for it goes on. Idempotent. Errors: ESTALE when it
    /// is over.
    /// </summary>
    [Alias("Settle")]
    [ResponseTimeout("00:00:05")]
    ValueTask<FsResult<Nothing>> SettleAsync();

    /// <summary>
    /// Extends the term; confirms the garbage epoch the client has seen. Errors: ESTALE when the session was evicted,
    /// or has to come back: open it again.
    /// </summary>
    [Alias("KeepAlive")]
    [ResponseTimeout("00:00:05")]
    ValueTask<FsResult<KeepAliveReply>> KeepAliveAsync(ulong garbageEpochSeen);

    /// <summary>Gives back everything: leases, open orphans, unused reservations. Idempotent.</summary>
    [Alias("Close")]
    ValueTask<FsResult<Nothing>> CloseAsync();

    /// <summary>
    /// Called by the silo: watches a session that was there before it started, or cleans up one that is over. No
    /// answer.
    /// </summary>
    [Alias("Watch")]
    [OneWay]
    ValueTask WatchAsync();
}
