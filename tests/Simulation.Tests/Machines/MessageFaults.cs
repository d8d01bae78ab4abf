using ClaudeFs.TestKit.Simulation;
using Orleans.Messaging;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>How often grain calls and their answers come late, twice or not at all: one of so many; 0: never.</summary>
internal sealed record MessageFaultRates(int LostOneIn, int LateOneIn, int TwiceOneIn)
{
    public static MessageFaultRates None { get; } = new(0, 0, 0);
}

/// <summary>
/// A transport on whose receiving side requests are lost, late or served twice, and answers lost or late, drawn from
/// the seed. A late request is served although its sender has given up: it is on its way. Lost is also whatever
/// <paramref name="isNextLost"/>, asked once for each request, says is.
/// </summary>
internal sealed class MessageFaults(
    IMessageTransport inner, SimulatedProcess process, SimulatedWorld world, Random random, MessageFaultRates rates,
    Func<bool> isNextLost, Action count) : IMessageTransport
{
    private static readonly TimeSpan LateMax = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan VeryLateMax = TimeSpan.FromSeconds(12);
    private const int VeryLateOneIn = 10;

    public ValueTask<IMessagePeer> ConnectAsync(string endpoint, CancellationToken cancellationToken) =>
        inner.ConnectAsync(endpoint, cancellationToken);

    public void SetHandler(MessageHandler handler) => inner.SetHandler(
        (peer, request, cancellationToken) => ServeAsync(handler, peer, request, cancellationToken));

    private ValueTask<ReadOnlyMemory<byte>> ServeAsync(
        MessageHandler handler, IMessagePeer peer, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        if (isNextLost()) return NeverAsync(cancellationToken);
        var (isLost, isLate, isTwice) =
            (IsDrawn(rates.LostOneIn), IsDrawn(rates.LateOneIn), IsDrawn(rates.TwiceOneIn));
        return isLost || isLate || isTwice
            ? ServeBadlyAsync(handler, peer, request.ToArray(), isLost, isTwice, cancellationToken)
            : handler(peer, request, cancellationToken);
    }

    private async ValueTask<ReadOnlyMemory<byte>> ServeBadlyAsync(MessageHandler handler, IMessagePeer peer,
        byte[] request, bool isLost, bool isTwice, CancellationToken cancellationToken)
    {
        var (isAnswerAtFault, delay) = (random.Next(2) == 0, DrawDelay());
        count();
        world.Trace.Add($"{process.Name} message", $"lost {isLost} twice {isTwice} answer {isAnswerAtFault} {delay}");
        if (isLost && !isAnswerAtFault) return await NeverAsync(cancellationToken);
        // The sender takes the first answer: also when the copy of the request comes before it.
        var served = ServeAfterAsync(isAnswerAtFault ? TimeSpan.Zero : delay, handler, peer, request);
        var answer = await (isTwice
            ? await Task.WhenAny(served, ServeAfterAsync(DrawDelay(), handler, peer, request))
            : served);
        if (isLost) return await NeverAsync(cancellationToken);
        if (isAnswerAtFault) await Task.Delay(delay, process.Time, CancellationToken.None);
        return answer;
    }

    private async Task<ReadOnlyMemory<byte>> ServeAfterAsync(
        TimeSpan delay, MessageHandler handler, IMessagePeer peer, byte[] request)
    {
        if (delay > TimeSpan.Zero) await Task.Delay(delay, process.Time, CancellationToken.None);
        return await handler(peer, request, CancellationToken.None);
    }

    private static async ValueTask<ReadOnlyMemory<byte>> NeverAsync(CancellationToken cancellationToken)
    {
        var never = new TaskCompletionSource<ReadOnlyMemory<byte>>();
        await using var given = cancellationToken.UnsafeRegister(
            static state => ((TaskCompletionSource<ReadOnlyMemory<byte>>)state!).TrySetCanceled(), never);
        return await never.Task;
    }

    private TimeSpan DrawDelay() =>
        (random.Next(VeryLateOneIn) == 0 ? VeryLateMax : LateMax) * (random.NextDouble() * random.NextDouble());

    private bool IsDrawn(int oneIn) => oneIn > 0 && random.Next(oneIn) == 0;
}
