using ClaudeFs.Platform.Loops;
using Microsoft.Extensions.Logging;

namespace ClaudeFs.Fuse.Session;

/// <summary>What a mount is given by its process.</summary>
/// <param name="Loops">Makes the loops of readers, notifications and deadlines. Real threads: they block in system
/// calls.</param>
/// <param name="Time">Clock and timers.</param>
/// <param name="Log">Category "ClaudeFs.Fuse".</param>
public sealed record FuseServices(ILoopFactory Loops, TimeProvider Time, ILogger Log);
