using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("ClaudeFs.Platform.Tests")]
