using ClaudeFs.DataPlane.Storage;
using ClaudeFs.Platform.Loops;
using ClaudeFs.Platform.Seams;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Client;

/// <summary>What a client stands on; it disposes none of it.</summary>
/// <param name="Grains">Reaches the grains.</param>
/// <param name="Blocks">Reaches the block store.</param>
/// <param name="Time">The clock.</param>
/// <param name="Ids">Session ids.</param>
/// <param name="Loops">Makes the client's loops.</param>
/// <param name="Logger">Where it logs; event ids 2000 to 2999.</param>
public sealed record ClientDependencies(
    IGrainFactory Grains, IBlockClient Blocks, TimeProvider Time, IIdSource Ids, ILoopFactory Loops, ILogger Logger)
{
    /// <summary>
    /// For a client in the silo's process: takes what is to be called, in line, when the silo's store fails, before it
    /// takes back what it had shown this client and not committed. Null: never.
    /// </summary>
    public Action<Action>? WhenStoreFails { get; init; }
}
