using System.Collections.Concurrent;
using System.Globalization;
using Orleans.Runtime;
using OrleansCodeGen.Support;

namespace Orleans.Storage;

/// <summary>States in memory, kept as copies; versions are counted.</summary>
internal sealed class MemoryGrainStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string Name, GrainId Grain), Stored> _states = new();

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (_states.TryGetValue((stateName, grainId), out var stored))
        {
            grainState.State = Copy((T)stored.State!);
            grainState.ETag = stored.Version.ToString(CultureInfo.InvariantCulture);
            grainState.RecordExists = true;
        }
        else
        {
            grainState.State = PersistentState<T>.Fresh();
            grainState.ETag = null;
            grainState.RecordExists = false;
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        var before = _states.GetValueOrDefault(key);
        Check(before, grainState.ETag);
        var after = new Stored(Copy(grainState.State), (before?.Version ?? 0) + 1);
        if (!(before is null ? _states.TryAdd(key, after) : _states.TryUpdate(key, after, before)))
        {
            Check(_states.GetValueOrDefault(key), grainState.ETag);
        }

        grainState.ETag = after.Version.ToString(CultureInfo.InvariantCulture);
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = (stateName, grainId);
        var before = _states.GetValueOrDefault(key);
        Check(before, grainState.ETag);
        if (before is not null && !_states.TryRemove(new KeyValuePair<(string, GrainId), Stored>(key, before)))
        {
            Check(_states.GetValueOrDefault(key), grainState.ETag);
        }

        grainState.ETag = null;
        grainState.RecordExists = false;
        return Task.CompletedTask;
    }

    private static void Check(Stored? stored, string? etag)
    {
        var version = stored?.Version.ToString(CultureInfo.InvariantCulture);
        if (!string.Equals(version, etag, StringComparison.Ordinal))
        {
            throw new InconsistentStateException(
                "The state was changed by another writer", version ?? "none", etag ?? "none");
        }
    }

    private static T Copy<T>(T state) => Codecs.Has<T>() ? Codecs.Copy(state) : state;

    private sealed record Stored(object? State, long Version);
}
