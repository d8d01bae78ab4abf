namespace Orleans.Scheduling;

/// <summary>The name by which other processes know this one; a simulation gives its own.</summary>
internal sealed record ProcessIdentity(string Name)
{
    internal static ProcessIdentity Fresh(SystemRole role)
        => new((role == SystemRole.Silo ? "silo-" : "client-") + Guid.NewGuid().ToString("N"));
}
