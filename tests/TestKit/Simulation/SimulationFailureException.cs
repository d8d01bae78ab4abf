namespace ClaudeFs.TestKit.Simulation;

/// <summary>What a simulation found.</summary>
public sealed class SimulationFailureException(string message, Exception? inner = null) : Exception(message, inner);
