using System.Reflection;
using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Catalogs;

/// <summary>All grain interfaces and classes of the loaded assemblies, from their manifests.</summary>
/// <remarks>
/// Where a class is not known - in a client - a reference names the interface instead of the class: kind
/// <c>~alias</c>. A silo resolves that to the class.
/// </remarks>
internal sealed class GrainTypeTable
{
    private const char InterfaceMark = '~';
    private readonly Dictionary<Type, GrainInterface> _interfaces = [];
    private readonly Dictionary<uint, GrainInterface> _interfacesById = [];
    private readonly Dictionary<string, GrainInterface> _interfacesByAlias = new(StringComparer.Ordinal);
    private readonly Dictionary<GrainType, GrainClass> _classes = [];
    private readonly Dictionary<Type, List<GrainClass>> _implementations = [];
    private readonly Dictionary<GrainType, GrainClass> _classesByInterface = [];

    internal GrainTypeTable(IEnumerable<Assembly> assemblies)
    {
        foreach (var assembly in assemblies)
        {
            if (CodecTable.ManifestOf(assembly) is { } manifest)
            {
                AddInterfaces(manifest);
            }
        }

        foreach (var assembly in assemblies)
        {
            foreach (var type in CodecTable.ManifestOf(assembly)?.GrainClasses ?? [])
            {
                AddClass(type);
            }
        }

        foreach (var (type, classes) in _implementations)
        {
            if (classes.Count == 1 && _interfaces.TryGetValue(type, out var known))
            {
                _classesByInterface[GrainType.Create(InterfaceMark + known.Alias)] = classes[0];
            }
        }
    }

    internal IReadOnlyCollection<GrainClass> Classes => _classes.Values;

    /// <summary>The entry assembly, what it refers to, and what is loaded: those with a manifest.</summary>
    internal static List<Assembly> FindAssemblies()
    {
        var found = new Dictionary<string, Assembly>(StringComparer.Ordinal);
        var queue = new Queue<Assembly>(AppDomain.CurrentDomain.GetAssemblies());
        while (queue.TryDequeue(out var assembly))
        {
            if (assembly.IsDynamic || !found.TryAdd(assembly.FullName!, assembly))
            {
                continue;
            }

            foreach (var name in assembly.GetReferencedAssemblies())
            {
                if (!found.ContainsKey(name.FullName) && !IsOfThePlatform(name.Name!)
                    && TryLoad(name) is { } referenced)
                {
                    queue.Enqueue(referenced);
                }
            }
        }

        return [.. found.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(static p => p.Value)
            .Where(static a => a.IsDefined(typeof(GeneratedManifestAttribute)))];
    }

    internal GrainInterface Interface(Type type)
        => _interfaces.TryGetValue(type, out var found)
            ? found
            : throw new ArgumentException(
                $"{type} is no grain interface that is known here: is it an interface derived from IGrain, "
                + "and does its project use the generator?");

    internal GrainInterface? FindInterface(uint id) => _interfacesById.GetValueOrDefault(id);

    internal GrainInterface? FindInterface(string alias) => _interfacesByAlias.GetValueOrDefault(alias);

    /// <summary>The kind of grain that a reference by interface names.</summary>
    internal GrainType KindFor(Type interfaceType, string? classNamePrefix)
    {
        if (!_implementations.TryGetValue(interfaceType, out var classes))
        {
            return GrainType.Create(InterfaceMark + Interface(interfaceType).Alias);
        }

        if (classNamePrefix is not null)
        {
            classes = classes.FindAll(c => c.Type!.FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal)
                || c.Type.Name.StartsWith(classNamePrefix, StringComparison.Ordinal));
        }

        return classes.Count == 1
            ? classes[0].GrainType
            : throw new ArgumentException(
                $"{classes.Count} grain classes implement {interfaceType}: "
                + string.Join(", ", classes.Select(static c => c.Type!.FullName)));
    }

    internal bool TryResolve(GrainId id, out GrainClass kind, out GrainId resolved)
    {
        resolved = id;
        if (_classes.TryGetValue(id.Type, out kind!))
        {
            return true;
        }

        if (_classesByInterface.TryGetValue(id.Type, out kind!))
        {
            resolved = new GrainId(kind.GrainType, id.Key);
            return true;
        }

        return false;
    }

    /// <summary>An interface that a grain of this kind has, for references without one.</summary>
    internal GrainInterface? AnyInterfaceOf(GrainClass kind)
    {
        foreach (var type in kind.Type?.GetInterfaces() ?? [])
        {
            if (_interfaces.TryGetValue(type, out var found))
            {
                return found;
            }
        }

        return null;
    }

    private static bool IsOfThePlatform(string name)
        => name.StartsWith("System.", StringComparison.Ordinal)
            || name.StartsWith("Microsoft.", StringComparison.Ordinal)
            || name is "System" or "netstandard" or "mscorlib" or "System.Private.CoreLib";

    private static Assembly? TryLoad(AssemblyName name)
    {
        try
        {
            return Assembly.Load(name);
        }
        catch (Exception e) when (e is IOException or BadImageFormatException)
        {
            // An optional reference that was not deployed has no grains.
            return null;
        }
    }

    private void AddInterfaces(GeneratedManifest manifest)
    {
        foreach (GrainInterface entry in manifest.Interfaces)
        {
            _interfaces.Add(entry.Type, entry);
            if (!_interfacesById.TryAdd(entry.Id, entry))
            {
                throw new OrleansConfigurationException(
                    $"{entry.Type} and {_interfacesById[entry.Id].Type} have the same id: change the [Alias] of one");
            }

            _interfacesByAlias.Add(entry.Alias, entry);
        }
    }

    private void AddClass(Type type)
    {
        var entry = new GrainClass(type);
        if (!_classes.TryAdd(entry.GrainType, entry))
        {
            throw new OrleansConfigurationException(
                $"{type} and {_classes[entry.GrainType].Type} are both called '{entry.GrainType}': use [GrainType]");
        }

        foreach (var implemented in type.GetInterfaces())
        {
            if (typeof(IGrain).IsAssignableFrom(implemented))
            {
                (_implementations.TryGetValue(implemented, out var list)
                    ? list
                    : _implementations[implemented] = []).Add(entry);
            }
        }
    }
}
