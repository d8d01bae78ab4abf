using ClaudeFs.Model.Tests.Programs;
using ClaudeFs.Model.Tests.Reference;
using ClaudeFs.Model.Tests.Systems;
using ClaudeFs.Primitives;

namespace ClaudeFs.Model.Tests.Runs;

/// <summary>
/// One program on the model and on the systems beside it. After each operation a client looks at what it touched:
/// attributes, listing, content; an audit looks at everything.
/// </summary>
internal sealed class ProgramRun
{
    private const long WindowMax = 300_000;
    private const long WindowMargin = 100;
    private const int XattrBytesMax = 1000;

    private readonly ModelSystem _model = new();
    private readonly List<Comparison> _systems;
    private readonly Coverage _coverage;

    private ProgramRun(IEnumerable<ITestedSystem> systems, Coverage coverage)
    {
        _systems = [.. systems.Select(system => new Comparison(system, _model))];
        _coverage = coverage;
    }

    /// <summary>Null when all systems answered as the model did, else the first difference.</summary>
    public static async Task<string?> RunAsync(
        IReadOnlyList<Operation> program, IEnumerable<ITestedSystem> systems, Coverage coverage)
    {
        var run = new ProgramRun(systems, coverage);
        for (var i = 0; i < program.Count; i++)
        {
            var wrong = await run.StepAsync(program[i]);
            if (wrong is not null) return $"operation {i + 1} of {program.Count}: {wrong}";
        }

        for (var client = 0; client < Operation.Clients; client++)
        {
            var wrong = await run.AuditAsync(client);
            if (wrong is not null) return $"at the end: {wrong}";
        }

        return null;
    }

    private async Task<string?> StepAsync(Operation op)
    {
        var wrong = await CompareAsync(op, isCounted: true);
        if (wrong is not null) return wrong;
        if (op.Kind == OperationKind.Audit) return await AuditAsync(op.Look);
        foreach (var node in _model.Touched.ToList())
        {
            wrong = await LookAsync(op, node);
            if (wrong is not null) return $"{op}, then {wrong}";
        }

        return null;
    }

    private async Task<string?> CompareAsync(Operation op, bool isCounted = false)
    {
        var subject = _model.Files[op.Slot]?.Node;
        var expected = await _model.RunAsync(op);
        if (isCounted) _coverage.Count(op.Kind, expected.Error);
        foreach (var comparison in _systems)
        {
            var answer = await comparison.System.RunAsync(op);
            var wrong = comparison.Check(op, subject, expected, answer);
            if (wrong is not null) return $"{op}: {comparison.System.Kind} answers {wrong}";
        }

        return null;
    }

    private async Task<string?> CompareAllAsync(params Operation[] looks)
    {
        foreach (var look in looks)
        {
            var wrong = await CompareAsync(look);
            if (wrong is not null) return wrong;
        }

        return null;
    }

    private async Task<string?> LookAsync(Operation op, ModelNode node)
    {
        var (offset, length) = Window(op, node);
        var path = _model.Paths().Find(p => p.Node == node);
        if (path.Node is null) return await LookAtOrphanAsync(node, offset, length);
        var at = new Operation { Kind = OperationKind.Stat, Client = op.Look, Path = path.Path, Look = op.Look };
        return await CompareAllAsync(at)
            ?? await LookInsideAsync(at, node, offset, length)
            ?? (op.Kind is OperationKind.SetXattr or OperationKind.RemoveXattr
                ? await LookAtXattrsAsync(at, node) : null);
    }

    private async Task<string?> LookInsideAsync(Operation at, ModelNode node, long offset, long length)
    {
        if (node.IsDirectory) return await CompareAllAsync(at with { Kind = OperationKind.List });
        if (node.IsSymlink) return await CompareAllAsync(at with { Kind = OperationKind.ReadLink });
        if (!node.IsRegular) return null;
        return await CompareAllAsync(at with { Kind = OperationKind.ReadFile, Offset = offset, Length = length });
    }

    private async Task<string?> LookAtXattrsAsync(Operation at, ModelNode node)
    {
        var wrong = await CompareAllAsync(at with { Kind = OperationKind.ListXattr });
        foreach (var name in node.Xattrs.Keys.ToList())
        {
            if (wrong is not null) return wrong;
            wrong = await CompareAllAsync(
                at with { Kind = OperationKind.GetXattr, Other = name, Length = XattrBytesMax });
        }

        return wrong;
    }

    // Who has it open sees it, whoever unlinked it.
    private async Task<string?> LookAtOrphanAsync(ModelNode node, long offset, long length)
    {
        for (var slot = 0; slot < _model.Files.Count; slot++)
        {
            if (_model.Files[slot] is not { } file || file.Node != node) continue;
            var at = new Operation
            {
                Kind = OperationKind.FStat, Client = slot / Operation.SlotsPerClient, Slot = slot,
            };
            var wrong = await CompareAllAsync(at);
            if (wrong is null && OpenFlags.CanRead(file.Flags))
            {
                wrong = await CompareAllAsync(
                    at with { Kind = OperationKind.Read, Offset = offset, Length = length });
            }

            if (wrong is not null) return wrong;
        }

        return null;
    }

    // Where the operation may have changed bytes, and a little around.
    private static (long Offset, long Length) Window(Operation op, ModelNode node)
    {
        var (from, length) = op.Kind switch
        {
            OperationKind.Truncate or OperationKind.FTruncate => (op.Length, 0),
            OperationKind.CopyRange => (op.OtherOffset, op.Length),
            OperationKind.Write when op.Offset > node.SizeBytes - op.Length => (node.SizeBytes - op.Length, op.Length),
            OperationKind.Write or OperationKind.Allocate => (op.Offset, op.Length),
            _ => (0, WindowMargin),
        };
        from = Math.Clamp(from - WindowMargin, 0, node.SizeBytes);
        return (from, Math.Clamp(length + (2 * WindowMargin), 1, WindowMax));
    }

    private async Task<string?> AuditAsync(int client)
    {
        foreach (var (path, node) in _model.Paths())
        {
            var at = new Operation { Kind = OperationKind.Stat, Client = client, Path = path, Look = client };
            var wrong = await CompareAllAsync(at)
                ?? await LookInsideAsync(at, node, 0, node.SizeBytes + 1)
                ?? await LookAtXattrsAsync(at, node);
            if (wrong is not null) return $"audit by client {client}: {wrong}";
        }

        foreach (var file in _model.Files.Where(static file => file is { Node.Nlink: 0 }).ToList())
        {
            var wrong = await LookAtOrphanAsync(file!.Node, 0, file.Node.SizeBytes + 1);
            if (wrong is not null) return $"audit by client {client}: {wrong}";
        }

        return null;
    }
}
