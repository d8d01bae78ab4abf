using System.Collections.Concurrent;
using System.Reflection;

namespace OrleansCodeGen.Support;

/// <summary>The codecs of all types, by type and - for types marked <c>[GenerateSerializer]</c> - by alias.</summary>
/// <remarks>
/// The aliases are the allow-list of what a message may name. An assembly is read once, when a type of it is first
/// asked
/// for or when an alias is unknown and assemblies were loaded since.
/// </remarks>
public static class CodecTable
{
    private static readonly ConcurrentDictionary<Type, TypeCodec?> s_codecs = new();
    private static readonly ConcurrentDictionary<Type, SerializableType> s_types = new();
    private static readonly ConcurrentDictionary<string, Type> s_aliases = new(StringComparer.Ordinal);
    private static readonly HashSet<Assembly> s_read = [];
    private static readonly List<Func<Type, TypeCodec?>> s_resolvers = [];
    private static readonly Lock s_gate = new();
    private static int s_loaded;
    private static int s_scanned = -1;

    static CodecTable()
    {
        AppDomain.CurrentDomain.AssemblyLoad += (_, _) => Interlocked.Increment(ref s_loaded);
    }

    /// <summary>Lets the runtime add codecs for whole families of types, as grain references.</summary>
    public static void AddResolver(Func<Type, TypeCodec?> resolver)
    {
        lock (s_gate)
        {
            s_resolvers.Add(resolver);
        }
    }

    /// <summary>The manifest of an assembly, or null when the generator did not run for it.</summary>
    public static GeneratedManifest? ManifestOf(Assembly assembly)
        => assembly.GetCustomAttribute<GeneratedManifestAttribute>() is { } attribute
            ? (GeneratedManifest)Activator.CreateInstance(attribute.Manifest, nonPublic: true)!
            : null;

    /// <summary>Puts a type on the allow-list that has no generated codec, as an exception of the base
    /// library.</summary>
    public static void Allow(Type type, string alias) => s_aliases.TryAdd(alias, type);

    /// <summary>The codec for a declared type: exact for sealed types and values, by actual type for the
    /// others.</summary>
    public static TypeCodec? Find(Type type) => s_codecs.GetOrAdd(type, static t => Create(t));

    /// <summary>The codec of exactly <paramref name="type"/>, or null when it is not on the allow-list.</summary>
    public static TypeCodec? FindExact(Type type)
    {
        if (typeof(Exception).IsAssignableFrom(type))
        {
            return Find(typeof(Exception));
        }

        return IsExact(type) ? Find(type) : CreateGenerated(type);
    }

    /// <summary>The alias of a type on the allow-list.</summary>
    public static string? AliasOf(Type type)
    {
        ReadAssembly(type.Assembly);
        return s_types.TryGetValue(type, out var entry) ? entry.Alias : BuiltInCodecs.AliasOf(type);
    }

    /// <summary>The type on the allow-list that has this alias.</summary>
    public static Type? FindByAlias(string alias)
    {
        if (s_aliases.TryGetValue(alias, out var type) || BuiltInCodecs.TryFindByAlias(alias, out type))
        {
            return type;
        }

        return ReadLoadedAssemblies() && s_aliases.TryGetValue(alias, out type) ? type : null;
    }

    /// <summary>The generated entry of a type, open when generic.</summary>
    public static SerializableType? EntryOf(Type type)
    {
        ReadAssembly(type.Assembly);
        return s_types.GetValueOrDefault(type);
    }

    private static TypeCodec? Create(Type type)
    {
        if (BuiltInCodecs.Find(type) is { } builtIn)
        {
            return builtIn;
        }

        foreach (var resolver in s_resolvers.ToArray())
        {
            if (resolver(type) is { } resolved)
            {
                return resolved;
            }
        }

        if (!IsExact(type))
        {
            return (TypeCodec)Activator.CreateInstance(typeof(PolymorphicCodec<>).MakeGenericType(type))!;
        }

        return CreateGenerated(type);
    }

    private static bool IsExact(Type type) => type.IsValueType || (type.IsSealed && !type.IsAbstract);

    private static TypeCodec? CreateGenerated(Type type)
    {
        var open = type.IsGenericType ? type.GetGenericTypeDefinition() : type;
        if (EntryOf(open) is not { } entry)
        {
            return null;
        }

        var codec = type.IsGenericType ? entry.Codec.MakeGenericType(type.GetGenericArguments()) : entry.Codec;
        return (TypeCodec)Activator.CreateInstance(codec, nonPublic: true)!;
    }

    private static void ReadAssembly(Assembly assembly)
    {
        lock (s_gate)
        {
            if (!s_read.Add(assembly) || ManifestOf(assembly) is not { } manifest)
            {
                return;
            }

            foreach (var entry in manifest.Types)
            {
                s_types[entry.Type] = entry;
                if (!s_aliases.TryAdd(entry.Alias, entry.Type) && s_aliases[entry.Alias] != entry.Type)
                {
                    throw new WireException(
                        $"the alias '{entry.Alias}' names both {entry.Type} and {s_aliases[entry.Alias]}");
                }
            }
        }
    }

    private static bool ReadLoadedAssemblies()
    {
        var loaded = Volatile.Read(ref s_loaded);
        if (Volatile.Read(ref s_scanned) == loaded)
        {
            return false;
        }

        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            ReadAssembly(assembly);
        }

        Volatile.Write(ref s_scanned, loaded);
        return true;
    }
}
