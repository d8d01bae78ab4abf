using ClaudeFs.Grains;
using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Sessions;

/// <summary>
/// Calls grains for the file system: gives each mutation its id, sends it again with the same id after a time-out or a
/// lost
/// connection, and never under another session than the first. Thread-safe.
/// </summary>
internal sealed class GrainCaller(
    SessionKeeper sessions, ClientDependencies dependencies, ClientOptions options, ClientInstruments instruments)
{
    /// <summary>The client ends: who does not let go of an operation until it has its answer does so now.</summary>
    public bool IsGivenUp
    {
        get => Volatile.Read(ref _isGivenUp);
        set => Volatile.Write(ref _isGivenUp, value);
    }

    private bool _isGivenUp;

    /// <summary>Whether an exception says that the call's outcome is unknown, or that it never arrived.</summary>
    public static bool IsConnectionFault(Exception fault) =>
        fault is TimeoutException or OrleansException or IOException or ObjectDisposedException;

    /// <summary>Asks something; safe to repeat by its nature. Errors: the grain's, ETIMEDOUT, EINTR,
    /// ENOTCONN.</summary>
    public async ValueTask<FsResult<TReply>> QueryAsync<TArgument, TReply>(
        TArgument argument, Func<TArgument, SessionId, ValueTask<FsResult<TReply>>> call,
        CancellationToken cancellationToken)
    {
        var delay = options.RetryDelay;
        for (var attempt = 0; ; attempt++)
        {
            var session = await sessions.GetAsync(cancellationToken);
            if (session.IsError) return session.Error;
            var returns = session.Value.Returns;
            try
            {
                var reply = await call(argument, session.Value.Id);
                var mayChange = reply.Error is FsError.EAGAIN or FsError.ESTALE;
                if (!mayChange || attempt >= Limits.CallRetriesMax) return reply;
                if (reply.Error == FsError.ESTALE)
                {
                    if (await IsKnownSinceAsync(session.Value, returns)) return reply;
                    continue;
                }

                if (!await WaitAsync(delay, cancellationToken)) return FsError.EINTR;
                delay = Next(delay);
            }
            catch (FsException fault)
            {
                return Refused(fault);
            }
            catch (Exception fault) when (IsConnectionFault(fault))
            {
                if (attempt >= Limits.CallRetriesMax) return GiveUp(fault);
                if (!await PauseAsync(fault, delay, cancellationToken)) return FsError.EINTR;
                delay = Next(delay);
            }
        }
    }

    /// <summary>
    /// Changes something, at most once. Errors: the grain's, ETIMEDOUT, EINTR (nothing was sent), ENOTCONN, EIO (the
    /// outcome
    /// is unknown: the session was lost meanwhile), ESTALE too when <paramref name="under"/> is not the session any
    /// more:
    /// what was written under a lease may not be committed without it. EAGAIN (a grain is overrun) is tried again as
    /// another
    /// operation, but for <paramref name="keepsAgain"/>, where it means something to the caller. With
    /// <paramref name="isPatient"/> there is no ETIMEDOUT while the session under which it goes may still come back: it
    /// is repeated under its number, however long the silo is away.
    /// </summary>
    public async ValueTask<FsResult<TReply>> MutateAsync<TArgument, TReply>(
        InodeId on, Caller caller, AckMode ack, TArgument argument,
        Func<TArgument, OperationContext, ValueTask<FsResult<TReply>>> call, CancellationToken cancellationToken,
        ClientSession? under = null, bool keepsAgain = false, bool isPatient = false)
    {
        var delay = options.RetryDelay;
        for (var attempt = 0; ; attempt++)
        {
            var session = await sessions.GetAsync(cancellationToken);
            if (session.Error == FsError.ETIMEDOUT && isPatient && !IsGivenUp && under is { IsLost: false }) continue;
            if (session.IsError) return session.Error;
            if (under is not null && !ReferenceEquals(under, session.Value)) return FsError.ESTALE;
            var window = session.Value.Window(on.Shard);
            ulong number;
            try
            {
                number = await window.BeginAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return FsError.EINTR;
            }

            var id = new OperationId(session.Value.Id, on.Shard, number);
            try
            {
                var (reply, isFirstAnswer) = await SendAsync(
                    session.Value, id, window, caller, ack, argument, call, isPatient);
                var isBusy = reply.Error == FsError.EAGAIN && !keepsAgain && attempt < Limits.CallRetriesMax;
                var mayRepeat = reply.Error == FsError.ESTALE && isFirstAnswer && attempt == 0;
                if (!isBusy && (!mayRepeat || !session.Value.IsLost)) return reply;
            }
            finally
            {
                window.End(number);
            }

            if (!await WaitAsync(delay, cancellationToken)) return FsError.EINTR;
            delay = Next(delay);
        }
    }

    private async ValueTask<(FsResult<TReply> Reply, bool IsFirstAnswer)> SendAsync<TArgument, TReply>(
        ClientSession session, OperationId id, OperationWindow window, Caller caller, AckMode ack, TArgument argument,
        Func<TArgument, OperationContext, ValueTask<FsResult<TReply>>> call, bool isPatient)
    {
        var delay = options.RetryDelay;
        for (var (attempt, refusals) = (0, 0); ; attempt++)
        {
            if (session.IsLost) return (attempt == 0 ? FsError.ESTALE : FsError.EIO, attempt == 0);
            var returns = session.Returns;
            try
            {
                var reply = await call(argument, new OperationContext(id, window.AcknowledgedBelow, caller, ack)
                {
                    Seen = sessions.Clock.LastGiven,
                });
                var isAnswer = reply.Error != FsError.ESTALE || refusals++ >= Limits.CallRetriesMax;
                if (isAnswer) return (reply, attempt == 0);

                // A silo that has restarted knows no session before it came back; then the same number has its answer.
                if (await IsKnownSinceAsync(session, returns)) return (reply, attempt == 0);
                if (session.IsLost) return attempt == 0 ? (reply, true) : (FsError.EIO, false);
            }
            catch (FsException fault)
            {
                return (Refused(fault), attempt == 0);
            }
            catch (Exception fault) when (IsConnectionFault(fault))
            {
                var goesOn = isPatient ? !IsGivenUp : attempt < Limits.CallRetriesMax;
                if (!goesOn) return (GiveUp(fault), false);
                await PauseAsync(fault, delay, CancellationToken.None);
                delay = Next(delay);
            }
        }
    }

    // The grain's tables or disk failed it: asking again would not help.
    private FsError Refused(FsException fault)
    {
        dependencies.Logger.CallFailed(fault, fault.Error);
        return fault.Error;
    }

    // A grain says ESTALE of an inode that is gone, and of a session that is: only the session's grain can tell. False
    // when the session is lost, or has come back since the call left: the ESTALE was about it then.
    private async ValueTask<bool> IsKnownSinceAsync(ClientSession session, int returns)
    {
        // Its silo cannot have restarted; the session ends when the store turns read-only.
        if (session.IsEmbedded) return !session.IsLost;
        await sessions.ProbeAsync(session, returns);
        return !session.IsLost && session.Returns == returns;
    }

    private ValueTask<bool> PauseAsync(Exception fault, TimeSpan delay, CancellationToken cancellationToken)
    {
        dependencies.Logger.CallSentAgain(fault, delay);
        instruments.Retries.Add(1);
        return WaitAsync(delay, cancellationToken);
    }

    private async ValueTask<bool> WaitAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(delay, dependencies.Time, cancellationToken);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private FsError GiveUp(Exception fault)
    {
        dependencies.Logger.CallGivenUp(fault);
        return FsError.ETIMEDOUT;
    }

    private TimeSpan Next(TimeSpan delay) => delay * 2 < options.RetryDelayMax ? delay * 2 : options.RetryDelayMax;
}
