using System.Diagnostics;
using Orleans.Runtime;
using Orleans.Scheduling;
using OrleansCodeGen.Support;

namespace Orleans.Messaging;

/// <summary>The head of a call between processes. Version 1.</summary>
/// <remarks>
/// Layout: version, then fields: 1 target's kind, 2 target's key, 3 interface id, 4 method id, 5 milliseconds left, 6
/// W3C
/// trace parent, 7 trace state, 8 sender, 9 chain, 10 request context, 11 reentrancy id, 12 arguments (a group), 13
/// one-way.
/// </remarks>
internal ref struct GrainMessage
{
    internal const byte Version = 1;
    private const int ChainLinksMax = RuntimeLimits.ChainLengthMax * 4;

    internal GrainId Target { get; set; }

    internal uint InterfaceId { get; set; }

    internal uint MethodId { get; set; }

    internal long MillisecondsLeft { get; set; }

    internal string? TraceParent { get; set; }

    internal string? TraceState { get; set; }

    internal string Sender { get; set; }

    internal List<ChainLink> Chain { get; set; }

    internal RequestValues? Values { get; set; }

    internal bool IsOneWay { get; set; }

    internal static void Write(WireWriter writer, GrainRequest request, GrainId target, string sender,
        TimeSpan timeLeft)
    {
        writer.WriteByte(Version);
        writer.EnterGroup();
        WriteBytes(writer, 1, target.Type.AsSpan());
        WriteBytes(writer, 2, target.Key.AsSpan());
        Codecs.WriteField(writer, 3, request.Method.Interface.Id);
        Codecs.WriteField(writer, 4, request.Method.Id);
        Codecs.WriteField(writer, 5, (long)Math.Min(timeLeft.TotalMilliseconds, int.MaxValue));
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity)
        {
            Codecs.WriteField(writer, 6, activity.Id);
            Codecs.WriteField(writer, 7, activity.TraceStateString);
        }

        Codecs.WriteField(writer, 8, sender);
        WriteChain(writer, request.Context.Parent);
        if (request.Context.Values is { } values)
        {
            Codecs.WriteField(writer, 10, values.Values);
            Codecs.WriteField(writer, 11, values.ReentrancyId);
        }

        Codecs.WriteField(writer, 13, request.Method.IsOneWay);
        writer.WriteTag(12, WireType.Group);
        writer.EnterGroup();
        request.WriteArguments(writer);
        writer.WriteEnd();
        writer.WriteEnd();
    }

    /// <summary>Reads the fields up to the arguments; true: the reader stands inside their group.</summary>
    internal bool TryReadHead(ref WireReader reader)
    {
        Chain = [];
        Sender = string.Empty;
        var version = reader.ReadByte();
        if (version != Version)
        {
            throw new WireException($"a message of version {version}; this process speaks {Version}");
        }

        reader.EnterGroup(WireType.Group);
        ReadOnlySpan<byte> kind = default;
        ReadOnlySpan<byte> key = default;
        while (reader.TryReadTag(out var id, out var type))
        {
            switch (id)
            {
                case 1:
                    WireReader.Expect(type, WireType.Bytes);
                    kind = reader.ReadBytes();
                    break;
                case 2:
                    WireReader.Expect(type, WireType.Bytes);
                    key = reader.ReadBytes();
                    break;
                case 12:
                    reader.EnterGroup(type);
                    Target = new GrainId(new GrainType(kind.ToArray()), new IdSpan(key.ToArray()));
                    return true;
                default:
                    ReadField(ref reader, id, type);
                    break;
            }
        }

        return false;
    }

    private static void WriteBytes(WireWriter writer, uint id, ReadOnlySpan<byte> bytes)
    {
        writer.WriteTag(id, WireType.Bytes);
        writer.WriteBytes(bytes);
    }

    private static void WriteChain(WireWriter writer, CallContext? caller)
    {
        if (caller is null)
        {
            return;
        }

        var links = new List<(string Grain, string Method, bool AllowsReentry)>();
        for (var call = caller; call is not null; call = call.Parent)
        {
            if (call.Target is { } target && !call.IsFinished)
            {
                var allows = target.Kind.IsReentrant || call.Kind == CallKind.Free
                    || call.Values is { ReentrancyId: var id } && id != Guid.Empty;
                links.Add((target.GrainId.ToString(), call.Method?.Name ?? string.Empty, allows));
            }

            for (var i = (call.Origin?.Chain.Count ?? 0) - 1; i >= 0; i--)
            {
                var link = call.Origin!.Chain[i];
                links.Add((link.Grain.ToString(), link.Method, link.AllowsReentry));
            }
        }

        links.Reverse();
        Codecs.WriteField(writer, 9, links);
    }

    private void ReadField(ref WireReader reader, uint id, WireType type)
    {
        switch (id)
        {
            case 3:
                InterfaceId = Codecs.Read<uint>(ref reader, type);
                break;
            case 4:
                MethodId = Codecs.Read<uint>(ref reader, type);
                break;
            case 5:
                MillisecondsLeft = Codecs.Read<long>(ref reader, type);
                break;
            case 6:
                TraceParent = Codecs.Read<string>(ref reader, type);
                break;
            case 7:
                TraceState = Codecs.Read<string>(ref reader, type);
                break;
            case 8:
                Sender = Codecs.Read<string>(ref reader, type);
                break;
            case 9:
                ReadChain(ref reader, type);
                break;
            case 10:
                Values = new RequestValues(
                    Codecs.Read<Dictionary<string, object>>(ref reader, type), Values?.ReentrancyId ?? Guid.Empty);
                break;
            case 11:
                Values = new RequestValues(Values?.Values ?? [], Codecs.Read<Guid>(ref reader, type));
                break;
            case 13:
                IsOneWay = Codecs.Read<bool>(ref reader, type);
                break;
            default:
                reader.Skip(type);
                break;
        }
    }

    private readonly void ReadChain(ref WireReader reader, WireType type)
    {
        foreach (var (grain, method, allows) in Codecs.Read<List<(string Grain, string Method,
            bool AllowsReentry)>>(ref reader, type))
        {
            if (grain is null || !GrainId.TryParse(grain, out var id) || Chain.Count >= ChainLinksMax)
            {
                throw new WireException("the chain of calls is too long or names no grain");
            }

            Chain.Add(new ChainLink(id, method ?? string.Empty, allows));
        }
    }
}
