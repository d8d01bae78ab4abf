using System.Diagnostics.CodeAnalysis;

namespace ClaudeFs.Primitives.Frames;

/// <summary>One opcode: its number, the name it has in metrics and messages, and who may call it.</summary>
/// <param name="Index">Position in <see cref="OpcodeTable.All"/>: dispatch tables and counters are arrays by
/// it.</param>
/// <param name="Opcode">The number on the wire.</param>
/// <param name="MetricName">Value of the metric tag "opcode", low cardinality by construction.</param>
/// <param name="Callers">Roles whose frames with this opcode are taken.</param>
/// <param name="IsControl">Handled by the connection itself; no handler can be bound to it.</param>
public sealed record OpcodeInfo(int Index, Opcode Opcode, string MetricName, PeerRoles Callers, bool IsControl);

/// <summary>The one place that knows every opcode: dispatch, allowed roles and metric names come from here.</summary>
public static class OpcodeTable
{
    private const PeerRoles Writers = PeerRoles.Silo | PeerRoles.Client | PeerRoles.Gateway;

    private static readonly OpcodeInfo[] Rows = Number(
    [
        (Opcode.NoOp, "noop", PeerRoles.All, true),
        (Opcode.Hello, "hello", PeerRoles.All, true),
        (Opcode.Cancel, "cancel", PeerRoles.All, true),
        (Opcode.Heartbeat, "heartbeat", PeerRoles.All, true),
        (Opcode.Goodbye, "goodbye", PeerRoles.All, true),
        (Opcode.GrainCall, "grain_call", PeerRoles.All, false),
        (Opcode.BlockPut, "block_put", Writers, false),
        (Opcode.BlockRead, "block_read", Writers, false),
        (Opcode.BlockReserve, "block_reserve", Writers, false),
        (Opcode.BlockSpace, "block_space", PeerRoles.All, false),
    ]);

    private static readonly Dictionary<Opcode, OpcodeInfo> ByOpcode = Rows.ToDictionary(row => row.Opcode);

    /// <summary>All opcodes, by index.</summary>
    public static ReadOnlySpan<OpcodeInfo> All => Rows;

    public static int Count => Rows.Length;

    /// <summary>Finds what stands in the table for a number from the wire.</summary>
    public static bool TryFind(Opcode opcode, [NotNullWhen(true)] out OpcodeInfo? info) =>
        ByOpcode.TryGetValue(opcode, out info);

    /// <summary>The row of an opcode that the program itself names.</summary>
    public static OpcodeInfo Find(Opcode opcode)
    {
        var found = ByOpcode.TryGetValue(opcode, out var info);
        Invariant.That(found);
        return info!;
    }

    private static OpcodeInfo[] Number((Opcode Opcode, string Name, PeerRoles Callers, bool IsControl)[] rows) =>
        [.. rows.Select((row, index) => new OpcodeInfo(index, row.Opcode, row.Name, row.Callers, row.IsControl))];
}
