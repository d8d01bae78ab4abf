using ClaudeFs.Primitives;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Client;

/// <summary>Event ids 2000 to 2999.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(2000, LogLevel.Information, "Session {Session} is open, its term is {Term}")]
    public static partial void SessionOpened(this ILogger logger, SessionId session, TimeSpan term);

    [LoggerMessage(2001, LogLevel.Warning, "Session {Session} was not opened: {Error}")]
    public static partial void OpenRefused(this ILogger logger, SessionId session, FsError error);

    [LoggerMessage(2002, LogLevel.Warning, "Session {Session} was not opened")]
    public static partial void OpenFailed(this ILogger logger, Exception fault, SessionId session);

    [LoggerMessage(2003, LogLevel.Warning, "Keepalive of session {Session} was refused: {Error}")]
    public static partial void KeepAliveRefused(this ILogger logger, SessionId session, FsError error);

    [LoggerMessage(2004, LogLevel.Warning, "Keepalive of session {Session} had no answer")]
    public static partial void KeepAliveFailed(this ILogger logger, Exception fault, SessionId session);

    [LoggerMessage(2005, LogLevel.Warning, "The term of session {Session} had run out: everything cached is dropped")]
    public static partial void TermRanOut(this ILogger logger, SessionId session);

    [LoggerMessage(2006, LogLevel.Error, "Session {Session} is over: its leases are gone")]
    public static partial void SessionLost(this ILogger logger, SessionId session);

    [LoggerMessage(2007, LogLevel.Warning, "The session was not closed: the silo will find out by itself")]
    public static partial void CloseFailed(this ILogger logger, Exception fault);

    [LoggerMessage(2010, LogLevel.Debug, "A grain call is sent again in {Delay}")]
    public static partial void CallSentAgain(this ILogger logger, Exception fault, TimeSpan delay);

    [LoggerMessage(2013, LogLevel.Information, "Session {Session} came back: the silo has restarted")]
    public static partial void SessionReturned(this ILogger logger, SessionId session);

    [LoggerMessage(2018, LogLevel.Error, "Inode {Inode}: its lease could not be taken again: {Error}")]
    public static partial void ReclaimFailed(this ILogger logger, InodeId inode, FsError error);

    [LoggerMessage(2014, LogLevel.Error, "A grain could not do what it was asked: {Error}")]
    public static partial void CallFailed(this ILogger logger, Exception fault, FsError error);

    [LoggerMessage(2012, LogLevel.Debug, "The block store did not answer ({Error}): asked again in {Delay}")]
    public static partial void BlocksAskedAgain(this ILogger logger, FsError error, TimeSpan delay);

    [LoggerMessage(2011, LogLevel.Warning, "A grain call had no answer and is given up")]
    public static partial void CallGivenUp(this ILogger logger, Exception fault);

    [LoggerMessage(2020, LogLevel.Error, "Inode {Inode}: {Bytes} written bytes are lost: {Error}")]
    public static partial void WritesLost(this ILogger logger, InodeId inode, long bytes, FsError error);

    [LoggerMessage(2021, LogLevel.Error, "Inode {Inode}: a flush failed")]
    public static partial void FlushFailed(this ILogger logger, Exception fault, InodeId inode);

    [LoggerMessage(2022, LogLevel.Warning, "Inode {Inode}: changed times were not stored: {Error}")]
    public static partial void TimesLost(this ILogger logger, InodeId inode, FsError error);

    [LoggerMessage(2030, LogLevel.Error, "Inode {Inode}: a recall failed; the lease is dropped all the same")]
    public static partial void RecallFailed(this ILogger logger, Exception fault, InodeId inode);

    [LoggerMessage(2031, LogLevel.Warning, "Inode {Inode}: the front end did not drop what it holds")]
    public static partial void InvalidationFailed(this ILogger logger, Exception fault, InodeId inode);

    [LoggerMessage(2032, LogLevel.Debug, "Inode {Inode}: a recall was answered before the front end had dropped all")]
    public static partial void RecallWentAhead(this ILogger logger, InodeId inode);

    [LoggerMessage(2040, LogLevel.Error, "Caches were not trimmed")]
    public static partial void TrimFailed(this ILogger logger, Exception fault);

    [LoggerMessage(2041, LogLevel.Warning, "Inode {Inode}: letting it go was refused: {Error}")]
    public static partial void LetGoRefused(this ILogger logger, InodeId inode, FsError error);

    [LoggerMessage(2042, LogLevel.Debug, "Inode {Inode}: read-ahead stopped")]
    public static partial void ReadAheadFailed(this ILogger logger, Exception fault, InodeId inode);
}
