using ClaudeFs.DataPlane.Storage.Check;
using ClaudeFs.DataPlane.Storage.Format;
using ClaudeFs.Grains.Storage.Checking;
using ClaudeFs.Silo.Check;
using ClaudeFs.TestKit.Simulation;

namespace ClaudeFs.Simulation.Tests.Machines;

/// <summary>`cfs fsck` of simulated disks.</summary>
internal static class SimulatedCheck
{
    /// <summary>Checks everything; throws <see cref="SimulationFailureException"/> for the first finding.</summary>
    public static async Task RunAsync(SimulatedProcess process, SimulatedDisks disks)
    {
        var device = await StorageDevice.OpenAsync(
            disks.Device, new StorageDeviceOptions { ReadOnly = true, Format = false }, disks.Ids);
        var recorder = new ReferenceRecorder(disks.Index.Load(static _ => { }).Cursor);
        var check = await DeviceCheck.BeginAsync(device, disks.Index, process.Time);
        var metadata = await MetadataChecker.CheckAsync(
            disks.Rows, device.LogRegion(), disks.Identity, recorder, check, process, process.Time);
        foreach (var finding in metadata.Findings)
            throw new SimulationFailureException($"{finding.Where}: {finding.What}");
        var blocks = await check.RunAsync([.. metadata.References.Values], recorder.Pending, null);
        foreach (var finding in blocks.Findings)
            throw new SimulationFailureException($"{finding.File} at {finding.OffsetBytes}: {finding.What}");
    }
}
