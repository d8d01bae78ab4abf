using System.Diagnostics;
using System.Diagnostics.Metrics;
using ClaudeFs.DataPlane.Protocol;
using ClaudeFs.Primitives.Frames;

namespace ClaudeFs.DataPlane.Rpc;

// Meters and traces of all connections of the process. Tags are made once: recording allocates nothing.
internal static class RpcInstruments
{
    public static readonly ActivitySource Activities = new("ClaudeFs.DataPlane");

    private const string OpcodeTag = "opcode";
    private const string SideTag = "side";

    private static readonly Meter Meter = new("ClaudeFs.DataPlane");

    private static readonly Counter<long> Requests = Meter.CreateCounter<long>(
        "claudefs.rpc.requests", "{request}", "Calls that completed, by opcode and side");

    private static readonly Counter<long> Errors = Meter.CreateCounter<long>(
        "claudefs.rpc.errors", "{request}", "Calls that failed, by opcode, side and error");

    private static readonly Counter<long> Bytes = Meter.CreateCounter<long>(
        "claudefs.rpc.bytes", "By", "Payload bytes of frames, by opcode and direction");

    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "claudefs.rpc.duration", "s", "Time of a call, by opcode and side");

    private static readonly UpDownCounter<long> Connections = Meter.CreateUpDownCounter<long>(
        "claudefs.rpc.connections", "{connection}", "Connections past their greeting");

    private static readonly KeyValuePair<string, object?>[] Opcodes = MakeOpcodeTags();
    private static readonly KeyValuePair<string, object?> ClientSide = new(SideTag, "client");
    private static readonly KeyValuePair<string, object?> ServerSide = new(SideTag, "server");
    private static readonly KeyValuePair<string, object?> Sent = new("direction", "sent");
    private static readonly KeyValuePair<string, object?> Received = new("direction", "received");
    private static readonly KeyValuePair<string, object?>[] ErrorTags = MakeErrorTags();

    public static void CallEnded(OpcodeInfo info, bool isClient, TimeSpan duration, RpcError? error)
    {
        var side = isClient ? ClientSide : ServerSide;
        Requests.Add(1, Opcodes[info.Index], side);
        if (error is not null) Errors.Add(1, Opcodes[info.Index], side, ErrorTags[(int)error.Code]);
        if (Duration.Enabled) Duration.Record(duration.TotalSeconds, Opcodes[info.Index], side);
    }

    public static void BytesSent(OpcodeInfo info, long bytes) => Bytes.Add(bytes, Opcodes[info.Index], Sent);

    public static void BytesReceived(OpcodeInfo info, long bytes) => Bytes.Add(bytes, Opcodes[info.Index], Received);

    public static void ConnectionOpened() => Connections.Add(1);

    public static void ConnectionClosed() => Connections.Add(-1);

    /// <summary>The caller's span as trace context; false when nobody listens or there is none.</summary>
    public static bool TryCaptureTrace(out TraceContext trace)
    {
        trace = default;
        if (!Activities.HasListeners()) return false;
        if (Activity.Current is not { IdFormat: ActivityIdFormat.W3C } activity) return false;

        Span<byte> bytes = stackalloc byte[TraceContext.SizeBytes];
        activity.TraceId.CopyTo(bytes);
        activity.SpanId.CopyTo(bytes[16..]);
        bytes[24] = (byte)activity.ActivityTraceFlags;
        return TraceContext.TryRead(bytes, out trace) && !trace.IsNone;
    }

    /// <summary>A span for serving a traced call; null when nobody listens.</summary>
    public static Activity? StartServing(OpcodeInfo info, in TraceContext trace)
    {
        if (trace.IsNone || !Activities.HasListeners()) return null;
        Span<byte> bytes = stackalloc byte[TraceContext.SizeBytes];
        trace.Write(bytes);
        var parent = new ActivityContext(
            ActivityTraceId.CreateFromBytes(bytes[..16]), ActivitySpanId.CreateFromBytes(bytes[16..24]),
            (ActivityTraceFlags)trace.Flags, isRemote: true);
        return Activities.StartActivity(info.MetricName, ActivityKind.Server, parent);
    }

    private static KeyValuePair<string, object?>[] MakeOpcodeTags()
    {
        var tags = new KeyValuePair<string, object?>[OpcodeTable.Count];
        foreach (var info in OpcodeTable.All) tags[info.Index] = new(OpcodeTag, info.MetricName);
        return tags;
    }

    private static KeyValuePair<string, object?>[] MakeErrorTags()
    {
        var codes = Enum.GetValues<RpcErrorCode>();
        var tags = new KeyValuePair<string, object?>[(int)codes.Max() + 1];
        foreach (var code in codes) tags[(int)code] = new("error", code.ToString());
        return tags;
    }
}
