using System;
using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace OrleansCodeGen.Generator;

/// <summary>What a marked declaration becomes: a source file, lines of the manifest, complaints. Compared by
/// value.</summary>
internal sealed record GeneratedPart(
    string HintName, string Source, string ManifestEntry, PartKind Kind, EquatableArray<Complaint> Complaints)
{
    internal static GeneratedPart Empty(EquatableArray<Complaint> complaints)
        => new(string.Empty, string.Empty, string.Empty, PartKind.None, complaints);
}

/// <summary>Which list of the manifest a part belongs to.</summary>
internal enum PartKind
{
    None,
    Type,
    Interface,
    GrainClass,
}

/// <summary>A diagnostic with its place, without the syntax tree.</summary>
internal sealed record Complaint(string Id, string Message, string Path, TextSpan Span, LinePositionSpan Lines)
{
    internal static Complaint At(DiagnosticDescriptor descriptor, ISymbol symbol, params object[] arguments)
    {
        var location = symbol.Locations.FirstOrDefault(l => l.IsInSource) ?? Location.None;
        var lines = location.GetLineSpan();
        return new Complaint(
            descriptor.Id,
            string.Format(System.Globalization.CultureInfo.InvariantCulture, descriptor.MessageFormat.ToString(null),
                arguments),
            lines.Path ?? string.Empty,
            location.SourceSpan,
            lines.Span);
    }

    internal Diagnostic ToDiagnostic()
        => Diagnostic.Create(
            new DiagnosticDescriptor(Id, Id, "{0}", "Grains", DiagnosticSeverity.Error, isEnabledByDefault: true),
            Path.Length == 0 ? Location.None : Location.Create(Path, Span, Lines),
            Message);
}

/// <summary>An array that is compared by its elements.</summary>
internal readonly struct EquatableArray<T> : IEquatable<EquatableArray<T>>
    where T : IEquatable<T>
{
    private readonly ImmutableArray<T> _items;

    internal EquatableArray(IEnumerable<T> items) => _items = items.ToImmutableArray();

    internal ImmutableArray<T> Items => _items.IsDefault ? ImmutableArray<T>.Empty : _items;

    public bool Equals(EquatableArray<T> other) => Items.SequenceEqual(other.Items);

    public override bool Equals(object? obj) => obj is EquatableArray<T> other && Equals(other);

    public override int GetHashCode() => Items.Length;
}
