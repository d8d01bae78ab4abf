namespace OrleansCodeGen.Support;

/// <summary>Bytes that are no valid message, or a value that cannot be written as one.</summary>
public sealed class WireException : Exception
{
    /// <summary>Creates the exception.</summary>
    public WireException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    public WireException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
