global using FileMode = ClaudeFs.Primitives.FileMode;
