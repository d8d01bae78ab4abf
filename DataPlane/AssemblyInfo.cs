using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("ClaudeFs.DataPlane.Tests")]
