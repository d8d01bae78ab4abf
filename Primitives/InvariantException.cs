namespace ClaudeFs.Primitives;

/// <summary>
/// A condition that the program rests on does not hold: its own mistake or damaged state, never a caller's error.
/// Whoever catches it drops the state it was about.
/// </summary>
public sealed class InvariantException(string message) : Exception(message);
