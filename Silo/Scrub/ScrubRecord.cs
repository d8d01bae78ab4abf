using System.Text.Json;

namespace ClaudeFs.Silo.Scrub;

/// <summary>The last complete scrub, kept in a file: DATA/scrub.json.</summary>
internal static class ScrubRecord
{
    private const string NewSuffix = ".new";

    /// <summary>What was kept; null when nothing was. Throws <see cref="IOException"/>, or <see cref="JsonException"/>
    /// for a file that is none of ours.</summary>
    public static ScrubResult? Load(string path) => File.Exists(path)
        ? JsonSerializer.Deserialize<ScrubResult>(File.ReadAllBytes(path), JsonSerializerOptions.Web)
        : null;

    /// <summary>Replaces what was kept, durably: a crash leaves one or the other. Throws <see cref="IOException"/>.
    /// </summary>
    public static void Save(string path, ScrubResult result)
    {
        var bytes = JsonSerializer.SerializeToUtf8Bytes(result, JsonSerializerOptions.Web);
        using (var file = File.OpenHandle(path + NewSuffix, System.IO.FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, bytes, 0);
            RandomAccess.FlushToDisk(file);
        }

        File.Move(path + NewSuffix, path, overwrite: true);
    }
}
