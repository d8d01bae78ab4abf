namespace ClaudeFs.Mount.Tests.Harness;

/// <summary>Tests that compare costs: they run when no other test of this project does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class MeasuredAlone
{
    public const string Name = "measured alone";
}
