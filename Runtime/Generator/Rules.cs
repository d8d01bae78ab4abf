using Microsoft.CodeAnalysis;

namespace OrleansCodeGen.Generator;

/// <summary>What the generator refuses.</summary>
internal static class Rules
{
    internal static readonly DiagnosticDescriptor NotAwaitable = Make(
        "GRAIN001",
        "'{0}' returns {1}: a method of a grain interface returns Task, Task<T>, ValueTask or ValueTask<T>");

    internal static readonly DiagnosticDescriptor RefParameter = Make(
        "GRAIN002", "'{0}' takes '{1}' by reference: arguments of grain methods are values");

    internal static readonly DiagnosticDescriptor Property = Make(
        "GRAIN003", "'{0}' is no method: a grain interface has methods only");

    internal static readonly DiagnosticDescriptor GenericMethod = Make(
        "GRAIN004", "'{0}' is generic: methods and interfaces of grains are not");

    internal static readonly DiagnosticDescriptor MissingId = Make(
        "GRAIN005", "'{0}' of '{1}' has no [Id]: what is sent is numbered");

    internal static readonly DiagnosticDescriptor DuplicateId = Make(
        "GRAIN006", "'{0}' has the [Id] {1} twice");

    internal static readonly DiagnosticDescriptor NoCodec = Make(
        "GRAIN007", "{0}: there is no codec for {1}; mark it [GenerateSerializer] or use another type");

    internal static readonly DiagnosticDescriptor DuplicateMethod = Make(
        "GRAIN008", "'{0}' and '{1}' have the same method id: give one another [Alias]");

    internal static readonly DiagnosticDescriptor Unreachable = Make(
        "GRAIN009", "'{0}' is private or file-local: generated code cannot name it");

    private static DiagnosticDescriptor Make(string id, string message)
        => new(id, id, message, "Grains", DiagnosticSeverity.Error, isEnabledByDefault: true);
}
