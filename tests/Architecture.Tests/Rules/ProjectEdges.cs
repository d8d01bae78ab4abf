using System.Xml.Linq;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>
/// Who may reference whom: the arrows of the design. Always downwards; a project that is not in the table fails.
/// </summary>
internal static class ProjectEdges
{
    private const string Any = "*";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Primitives"] = [],
        ["Platform"] = ["Primitives"],
        ["Runtime"] = ["Runtime"],
        ["Reduction"] = ["Primitives", "Platform"],
        ["Grains.Interfaces"] = ["Primitives"],
        ["DataPlane"] = ["Primitives", "Platform"],
        ["Grains"] = ["Primitives", "Platform", "Grains.Interfaces"],
        ["Client"] = ["Primitives", "Platform", "Grains.Interfaces", "Reduction", "DataPlane"],
        ["Fuse"] = ["Primitives", "Platform", "Client"],
        ["Gateways"] = ["Primitives", "Client"],
        ["Silo"] = ["Primitives", "Platform", "Grains.Interfaces", "Grains", "DataPlane", "Gateways"],
        ["Cli"] = [Any],
        ["eng"] = [],
        ["tests"] = [Any],
        ["bench"] = [Any],
    };

    // What of the Orleans API a project may ask eng/ActorRuntime.props for.
    private static readonly Dictionary<string, string[]> OrleansParts = new()
    {
        ["Primitives"] = ["Attributes"],
        ["Grains.Interfaces"] = ["Api"],
        ["Grains"] = ["Api"],
        // Hosting for one file: Client/Hosting/ClusterConnection.cs is the entry of a client process.
        ["Client"] = ["Api", "Hosting"],
        ["Silo"] = ["Hosting"],
        ["Cli"] = ["Hosting"],
        ["tests"] = [Any],
        ["bench"] = [Any],
    };

    private static readonly string[] UnsafeProjects = ["Platform", "Reduction", "Fuse", "tests", "bench"];

    public static IEnumerable<string> Check(SourceFile project)
    {
        var name = NameOf(project.Path);
        if (!Allowed.TryGetValue(name, out var allowed))
        {
            yield return $"{project.Path}: is not in the table of projects";
            yield break;
        }

        var xml = XDocument.Parse(project.Text);
        foreach (var target in References(project.Path, xml))
        {
            if (target == name || allowed.Contains(Any) || allowed.Contains(target)) continue;
            yield return $"{project.Path}: references {target}, which no arrow allows";
        }

        foreach (var part in xml.Descendants("UsesOrleans").Select(element => element.Value))
        {
            var parts = OrleansParts.GetValueOrDefault(name, []);
            if (parts.Contains(Any) || parts.Contains(part)) continue;
            yield return $"{project.Path}: may not use Orleans' {part}";
        }

        var isUnsafe = xml.Descendants("AllowUnsafeBlocks").Any(element => element.Value == "true");
        if (isUnsafe && !UnsafeProjects.Contains(name)) yield return $"{project.Path}: may not allow unsafe code";
    }

    /// <summary>The unit of the table that a file belongs to: its first folder.</summary>
    public static string NameOf(string path) => path.Split('/')[0];

    private static IEnumerable<string> References(string path, XDocument xml)
    {
        var folder = Path.GetDirectoryName(path)!;
        foreach (var reference in xml.Descendants("ProjectReference"))
        {
            var include = reference.Attribute("Include")?.Value;
            if (include is null) continue;
            var full = Path.GetFullPath(Path.Combine("/", folder, include.Replace('\\', '/')));
            yield return NameOf(full[1..]);
        }
    }
}
