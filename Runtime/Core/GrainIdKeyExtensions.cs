using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Orleans.Runtime;

/// <summary>Keys that are numbers or Guids: hexadecimal digits, an extension behind a plus.</summary>
public static class GrainIdKeyExtensions
{
    /// <summary>The key for a number.</summary>
    public static IdSpan CreateIntegerKey(long key)
    {
        Span<byte> digits = stackalloc byte[16];
        Utf8Formatter.TryFormat(key, digits, out var count, new System.Buffers.StandardFormat('X'));
        return new IdSpan(digits[..count].ToArray());
    }

    /// <summary>The key for a number and a string.</summary>
    public static IdSpan CreateIntegerKey(long key, string keyExtension)
        => IdSpan.Create(key.ToString("X", CultureInfo.InvariantCulture) + "+" + keyExtension);

    /// <summary>The key for a Guid.</summary>
    public static IdSpan CreateGuidKey(Guid key) => IdSpan.Create(key.ToString("N"));

    /// <summary>The key for a Guid and a string.</summary>
    public static IdSpan CreateGuidKey(Guid key, string keyExtension) => IdSpan.Create($"{key:N}+{keyExtension}");

    /// <summary>Reads a number and what follows a plus.</summary>
    public static bool TryGetIntegerKey(this GrainId grainId, out long key, out string? keyExt)
    {
        var text = Split(grainId, out keyExt);
        return Utf8Parser.TryParse(text, out key, out var consumed, 'X') && consumed == text.Length;
    }

    /// <summary>Reads a Guid and what follows a plus.</summary>
    public static bool TryGetGuidKey(this GrainId grainId, out Guid key, out string? keyExt)
    {
        var text = Split(grainId, out keyExt);
        return Utf8Parser.TryParse(text, out key, out var consumed, 'N') && consumed == text.Length;
    }

    /// <summary>Reads a number.</summary>
    public static long GetIntegerKey(this GrainId grainId) => GetIntegerKey(grainId, out _);

    /// <summary>Reads a number and what follows a plus.</summary>
    public static long GetIntegerKey(this GrainId grainId, out string? keyExt)
        => TryGetIntegerKey(grainId, out var key, out keyExt) ? key : throw NotA(grainId, "number");

    /// <summary>Reads a Guid.</summary>
    public static Guid GetGuidKey(this GrainId grainId) => GetGuidKey(grainId, out _);

    /// <summary>Reads a Guid and what follows a plus.</summary>
    public static Guid GetGuidKey(this GrainId grainId, out string? keyExt)
        => TryGetGuidKey(grainId, out var key, out keyExt) ? key : throw NotA(grainId, "Guid");

    private static ReadOnlySpan<byte> Split(GrainId grainId, out string? extension)
    {
        var text = grainId.Key.AsSpan();
        var plus = text.IndexOf((byte)'+');
        extension = plus < 0 ? null : Encoding.UTF8.GetString(text[(plus + 1)..]);
        return plus < 0 ? text : text[..plus];
    }

    private static InvalidOperationException NotA(GrainId grainId, string what)
        => new($"The key of {grainId} is no {what}");
}
