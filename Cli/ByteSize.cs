using System.Globalization;

namespace ClaudeFs.Cli;

/// <summary>Sizes as people write them: 512M, 10G, 1.5T (powers of 1024), plain bytes.</summary>
internal static class ByteSize
{
    private const string Units = "KMGTP";

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var number = text.Trim().TrimEnd('b', 'B').TrimEnd('i');
        if (number.Length == 0) return false;
        var unit = Units.IndexOf(char.ToUpperInvariant(number[^1]), StringComparison.Ordinal);
        if (unit >= 0) number = number[..^1];
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            return false;
        var scaled = value * (1L << (10 * (unit + 1)));
        if (scaled < 0 || scaled > long.MaxValue) return false;

        bytes = (long)scaled;
        return true;
    }

    public static string Format(double bytes)
    {
        var unit = 0;
        while (bytes >= 1024 && unit < Units.Length) { bytes /= 1024; unit++; }
        var suffix = unit == 0 ? "B" : $"{Units[unit - 1]}iB";
        return string.Create(CultureInfo.InvariantCulture, $"{bytes:0.#} {suffix}");
    }
}
