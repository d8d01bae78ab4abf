namespace Orleans.CodeGeneration;

/// <summary>How a method is called.</summary>
[Flags]
public enum InvokeMethodOptions
{
    /// <summary>In turn.</summary>
    None = 0,

    /// <summary>Without waiting.</summary>
    OneWay = 1,

    /// <summary>Beside others that change nothing.</summary>
    ReadOnly = 2,

    /// <summary>Beside all others.</summary>
    AlwaysInterleave = 4,

    /// <summary>In any order.</summary>
    Unordered = 8,
}
