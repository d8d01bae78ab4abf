using System.Text.Json;

namespace ClaudeFs.Reduction.Bench;

internal static class Json
{
    public static JsonSerializerOptions Options { get; } = new() { WriteIndented = true };
}
