using System.Diagnostics;
using Orleans.Runtime;
using Orleans.Scheduling;
using OrleansCodeGen.Support;

namespace Orleans.Messaging;

/// <summary>Answers calls from other processes.</summary>
internal sealed class RemoteReceiver(ActorSystem system, RemoteCalls remote)
{
    private static readonly ActivitySource s_activities = new("ClaudeFs.Runtime");

    internal async ValueTask<ReadOnlyMemory<byte>> HandleAsync(
        IMessagePeer peer, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        GrainRequest request;
        Activity? activity;
        try
        {
            request = Read(peer, bytes.Span, out var target, out activity);
            request.Cancellation = cancellation;
            request.SetCancellation(cancellation);
            request.Flow = ExecutionContext.Capture();
            if (request.Method.IsOneWay)
            {
                system.Receive(target, request);
                activity?.Dispose();
                return ReadOnlyMemory<byte>.Empty;
            }

            request.BeginWaiting();
            system.Receive(target, request);
        }
        catch (Exception e) when (e is WireException or OrleansException)
        {
            system.Log.MessageRefused(peer.Name, e.Message);
            return WriteFailure(new OrleansException("The message was refused: " + e.Message));
        }

        using (activity)
        {
            try
            {
                await request.WhenAnsweredAsync();
            }
            catch (Exception e)
            {
                activity?.SetStatus(ActivityStatusCode.Error);
                return WriteFailure(e);
            }

            return WriteResult(request);
        }
    }

    private static byte[] WriteResult(GrainRequest request)
    {
        using var writer = new WireWriter();
        try
        {
            writer.WriteByte(GrainMessage.Version);
            writer.WriteByte(0);
            writer.EnterGroup();
            request.WriteResult(writer);
            writer.WriteEnd();
            return writer.Written.ToArray();
        }
        catch (WireException e)
        {
            return WriteFailure(e);
        }
    }

    private static byte[] WriteFailure(Exception failure)
    {
        using var writer = new WireWriter();
        try
        {
            WriteFailure(writer, failure);
        }
        catch (WireException)
        {
            // The failure itself cannot be written: too long, or a member without a codec. Its words can.
            writer.Reset();
            var message = failure.Message.Length > 1000 ? failure.Message[..1000] : failure.Message;
            WriteFailure(writer, new OrleansException($"{failure.GetType()}: {message}"));
        }

        return writer.Written.ToArray();
    }

    private static void WriteFailure(WireWriter writer, Exception failure)
    {
        writer.WriteByte(GrainMessage.Version);
        writer.WriteByte(1);
        writer.EnterGroup();
        Codecs.WriteField(writer, 1, failure);
        writer.WriteEnd();
    }

    /// <summary>
    /// Reads a call. Throws <see cref="WireException"/> or <see cref="OrleansException"/>, nothing else.
    /// </summary>
    internal GrainRequest Read(IMessagePeer peer, ReadOnlySpan<byte> bytes, out GrainId target, out Activity? activity)
    {
        var reader = new WireReader(bytes, system);
        var message = default(GrainMessage);
        if (!message.TryReadHead(ref reader))
        {
            throw new WireException("the message has no arguments");
        }

        if (system.Types.FindInterface(message.InterfaceId) is not { } known
            || known.FindMethod(message.MethodId) is not { } method)
        {
            throw new WireException("the message names an interface or a method that is not known here");
        }

        var request = method.Create();
        while (reader.TryReadTag(out var id, out var type))
        {
            if (!request.TryReadArgument(ref reader, id, type))
            {
                reader.Skip(type);
            }
        }

        // What other fields follow is from a later version.
        while (reader.TryReadTag(out _, out var type))
        {
            reader.Skip(type);
        }

        remote.Learn(message.Sender, peer);
        target = message.Target;
        var deadline = system.Now
            + system.ToTimestamp(TimeSpan.FromMilliseconds(Math.Clamp(message.MillisecondsLeft, 0, int.MaxValue)));
        request.System = system;
        request.Method = method;
        request.Context = new CallContext(null, null, method, deadline, message.Values)
        {
            Origin = message.Chain.Count > 0 ? new RemoteOrigin(message.Chain) : null,
        };
        activity = ActivityContext.TryParse(message.TraceParent, message.TraceState, isRemote: true, out var parent)
            ? s_activities.StartActivity(method.ToString(), ActivityKind.Server, parent)
            : null;
        return request;
    }
}
