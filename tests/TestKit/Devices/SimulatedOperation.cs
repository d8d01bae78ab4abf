using ClaudeFs.Primitives;

namespace ClaudeFs.TestKit.Devices;

/// <summary>What a simulated device is asked to do.</summary>
public enum SimulatedOperationKind
{
    Read,
    Write,
    Flush,
    Grow,
}

/// <summary>One request of a simulated device, as its fault rule sees it.</summary>
public readonly record struct SimulatedOperation(SimulatedOperationKind Kind, long Offset, int Length);

/// <summary>Decides which requests fail and how; <see cref="FsError.None"/> lets one through.</summary>
public delegate FsError SimulatedFault(in SimulatedOperation operation);
