using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage.Log;

/// <summary>One append as it is read back: verified, still packed.</summary>
/// <param name="Header">Its header.</param>
/// <param name="Body">Its parts; borrowed until the visitor returns.</param>
/// <param name="IsProven">
/// It is known to have been flushed: a later append says so. Only of the last one is that not known: its data has to
/// verify.
/// </param>
public sealed record LogAppend(LogHeader Header, ReadOnlyMemory<byte> Body, bool IsProven);

/// <summary>Header of an append. Form: docs/spec/log.md.</summary>
/// <param name="FileSystem">Random number of the file system: whose log this is.</param>
/// <param name="Append">Dense number of the append, from 1.</param>
/// <param name="Position">Where it begins, counted from the log's first byte ever; the place is this modulo the
/// region.</param>
/// <param name="FlushedAppend">The last append known to be on stable storage when this one was written.</param>
/// <param name="Stamp">The highest stamp of its operations.</param>
/// <param name="BodyBytes">Bytes after the header, without the padding to whole blocks.</param>
/// <param name="PartCount">Parts in the body.</param>
/// <param name="BodyChecksum">CRC32C of the body.</param>
public readonly record struct LogHeader(
    ulong FileSystem, ulong Append, long Position, ulong FlushedAppend, Stamp Stamp, uint BodyBytes, uint PartCount,
    uint BodyChecksum);
