namespace ClaudeFs.DataPlane.Transports;

/// <summary>The transports of a process, by name. Filled at start, read afterwards.</summary>
public sealed class TransportRegistry
{
    private readonly SortedDictionary<string, ITransport> _transports = new(StringComparer.Ordinal);

    /// <summary>Names that can be asked for, sorted.</summary>
    public IReadOnlyCollection<string> Names => _transports.Keys;

    /// <summary>Adds a transport under its own name; throws ArgumentException when the name is taken.</summary>
    public TransportRegistry Add(ITransport transport)
    {
        if (_transports.TryAdd(transport.Name, transport)) return this;
        throw new ArgumentException($"A transport named '{transport.Name}' is there already", nameof(transport));
    }

    /// <summary>Finds by name; throws ArgumentException that says which there are.</summary>
    public ITransport Find(string name) => _transports.TryGetValue(name, out var transport)
        ? transport
        : throw new ArgumentException(
            $"There is no transport named '{name}'; there are: {string.Join(", ", _transports.Keys)}", nameof(name));
}
