using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("ClaudeFs.Primitives.Tests")]
