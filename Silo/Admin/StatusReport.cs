using ClaudeFs.Silo.Scrub;

namespace ClaudeFs.Silo.Admin;

/// <summary>What `cfs status` and GET /v1/status show.</summary>
/// <param name="Version">Of the program.</param>
/// <param name="State">A word of <see cref="SiloHealth"/>: "ok", "read-only" or "no-space".</param>
/// <param name="Reason">Why it is not "ok"; null when it is.</param>
/// <param name="ProcessId">Of the silo.</param>
/// <param name="UptimeSeconds">Since the start.</param>
/// <param name="DataDirectory">Where everything is kept.</param>
/// <param name="Survives">In words: what the present layout survives.</param>
/// <param name="Space">Bytes of the block store.</param>
/// <param name="Metadata">Rows, log, shards.</param>
/// <param name="Sessions">Clients.</param>
/// <param name="Mount">The mount in the silo's own process, if any.</param>
/// <param name="Scrub">The scrub that runs, the last one, the next one.</param>
public sealed record StatusReport(
    string Version, string State, string? Reason, int ProcessId, double UptimeSeconds, string DataDirectory,
    string Survives, SpaceReport Space, MetadataReport Metadata, IReadOnlyList<SessionReport> Sessions,
    MountReport? Mount, ScrubReport Scrub);

/// <summary>Space of the block store, bytes.</summary>
public sealed record SpaceReport(long CapacityBytes, long UsedBytes, long ReservedBytes, long DeviceBytes);

/// <summary>State of the metadata store.</summary>
/// <param name="Inodes">Files, directories and everything else that has a number.</param>
/// <param name="UsedBytes">Bytes of files that are not holes.</param>
/// <param name="Shards">Shards in use.</param>
/// <param name="Appends">Appends committed since the start.</param>
/// <param name="LagBytes">Bytes of log that the tables do not hold yet.</param>
/// <param name="LogBytes">Size of the log.</param>
public sealed record MetadataReport(
    long Inodes, long UsedBytes, int Shards, long Appends, long LagBytes, long LogBytes);

/// <summary>One client.</summary>
public sealed record SessionReport(string Session, string Client, bool IsEmbedded, string Status);

/// <summary>Figures of a mount since its start.</summary>
public sealed record MountReport(
    string MountPoint, long Operations, long ReadBytes, long WrittenBytes, double AttributeHitRatio,
    double ChunkHitRatio, long DirtyBytes);
