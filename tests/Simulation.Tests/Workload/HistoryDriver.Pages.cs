using System.Buffers.Binary;
using ClaudeFs.Client;
using ClaudeFs.Grains;
using ClaudeFs.Primitives;
using ClaudeFs.Simulation.Tests.Histories;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Workload;

// Pages: each write is a value over the whole page, so that a torn one shows.
internal sealed partial class HistoryDriver
{
    private async Task WriteAsync(int page)
    {
        if (await OpenAsync(page) is not { } handle) return;
        var (readOnly, session, value) = (isReadOnly(), client.Session, ++scene.LastValue);
        var losses = LossesTold(page);
        var operation = Recorder.Begin(Recorder.Pages[page], client,
            now => new WritePage(Number(session), value, $"{name} write {value}", now));
        var written = await Files.WriteAsync(
            scene.PageInodes[page], handle, 0, Fill(value), false, Caller.Root, CancellationToken.None);
        if (Note(operation, written.Error, session, readOnly: false))
        {
            AnswerUnder(session, operation);
            if (_random.Next(2) == 0) await SyncAsync(page, value, losses, readOnly);
        }

        await CloseAsync(page, handle);
    }

    private async Task SyncAsync(int page, long value, int losses, bool readOnly)
    {
        var session = client.Session;
        var history = Recorder.Pages[page];
        var operation = Recorder.Begin(history, client, now => new SyncPage(value, $"{name} fsync {value}", now));
        var synced = await Files.SyncAsync(scene.PageInodes[page], false, CancellationToken.None);
        var isSynced = Note(operation, synced.Error, session, readOnly && losses == LossesTold(page));
        if (!isSynced) NoteLoss(page);
        if (isSynced && losses == LossesTold(page)) Recorder.Answer(operation);
        else Recorder.Forget(history, operation);
    }

    private async Task ReadAsync(int page)
    {
        if (await OpenAsync(page) is not { } handle) return;
        var session = client.Session;
        var history = Recorder.Pages[page];
        var operation = Recorder.Begin(history, client, now => new ReadPage(Number(session), $"{name} read", now));
        var buffer = new byte[PageBytes + 1];
        var read = await Files.ReadAsync(scene.PageInodes[page], handle, 0, buffer, CancellationToken.None);
        if (Note(operation, read.Error, session, readOnly: false) && client.Session == session)
        {
            operation.Value = ValueOf(buffer.AsSpan(0, read.Value));
            Recorder.Answer(operation);
        }
        else Recorder.Forget(history, operation);

        await CloseAsync(page, handle);
    }

    private async Task<ulong?> OpenAsync(int page)
    {
        var session = client.Session;
        var opened = await Files.OpenAsync(
            scene.PageInodes[page], FileOperations.ReadWrite, Caller.Root, CancellationToken.None);
        if (!opened.IsError) return opened.Value.Handle;
        Explain($"open page {page}", opened.Error, session);
        return null;
    }

    private async Task CloseAsync(int page, ulong handle)
    {
        var session = client.Session;
        var flushed = await Files.FlushAsync(scene.PageInodes[page], handle, CancellationToken.None);
        Explain($"close page {page}", flushed.Error, session);
        if (flushed.IsError) NoteLoss(page);
        await Files.ReleaseAsync(scene.PageInodes[page], handle, CancellationToken.None);
    }

    private int LossesTold(int page) => scene.LossesTold.GetValueOrDefault((client, page));

    private void NoteLoss(int page) => scene.LossesTold[(client, page)] = LossesTold(page) + 1;

    private void Explain(string what, FsError error, SessionId session)
    {
        counts.Add(what);
        world.Trace.Add($"{name} {what}", error.ToString());
        if (error != FsError.None && !isExplained(error, client, session))
            throw new SimulationFailureException($"{name} {what}: {error}, which no fault explains");
    }

    private static long Number(SessionId session) => unchecked((long)session.Value);

    private static byte[] Fill(long value)
    {
        var page = new byte[PageBytes];
        for (var i = 0; i < PageBytes; i += sizeof(long))
            BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(i), value);
        return page;
    }

    private long ValueOf(ReadOnlySpan<byte> page)
    {
        if (page.Length == 0) return 0;
        Answers.That(page.Length == PageBytes, $"{name} read", $"{page.Length} bytes");
        var value = BinaryPrimitives.ReadInt64LittleEndian(page);
        for (var i = 0; i < PageBytes; i += sizeof(long))
        {
            var word = BinaryPrimitives.ReadInt64LittleEndian(page[i..]);
            Answers.That(word == value, $"{name} read", $"{value} at 0 and {word} at {i}");
        }

        return value;
    }
}
