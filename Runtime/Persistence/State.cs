using Orleans.Core;
using Orleans.Runtime;

namespace Orleans.Core
{
    /// <summary>Reads and writes a grain's state.</summary>
    public interface IStorage
    {
        /// <summary>The version that was read or written last.</summary>
        string? Etag { get; }

        /// <summary>Whether the store has the state.</summary>
        bool RecordExists { get; }

        /// <summary>Removes the state.</summary>
        Task ClearStateAsync();

        /// <summary>Writes the state.</summary>
        Task WriteStateAsync();

        /// <summary>Reads the state.</summary>
        Task ReadStateAsync();

        /// <summary>Removes the state.</summary>
        Task ClearStateAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ClearStateAsync();
        }

        /// <summary>Writes the state.</summary>
        Task WriteStateAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return WriteStateAsync();
        }

        /// <summary>Reads the state.</summary>
        Task ReadStateAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return ReadStateAsync();
        }
    }

    /// <summary>Reads and writes a grain's state.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    public interface IStorage<TState> : IStorage
    {
        /// <summary>The state.</summary>
        TState State { get; set; }
    }
}

namespace Orleans.Runtime
{
    /// <summary>A grain's state, as the grain holds it.</summary>
    /// <typeparam name="TState">The state.</typeparam>
    public interface IPersistentState<TState> : IStorage<TState>;

    /// <summary>Marks a constructor parameter of type <see cref="IPersistentState{TState}"/>.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    public class PersistentStateAttribute(string stateName, string? storageName = null) : Attribute
    {
        /// <summary>The state's name in the store.</summary>
        public string StateName { get; } = stateName;

        /// <summary>The store; null: the default one.</summary>
        public string? StorageName { get; } = storageName;
    }

    /// <summary>Makes states for grains that are being created.</summary>
    internal interface IPersistentStateFactory
    {
        IPersistentState<TState> Create<TState>(IGrainContext context, PersistentStateAttribute attribute);
    }
}

namespace Orleans
{
    /// <summary>A state and its version, as stores see them.</summary>
    /// <typeparam name="T">The state.</typeparam>
    public interface IGrainState<T>
    {
        /// <summary>The state.</summary>
        T State { get; set; }

        /// <summary>Its version.</summary>
        string? ETag { get; set; }

        /// <summary>Whether the store has it.</summary>
        bool RecordExists { get; set; }
    }

    /// <summary>A state and its version.</summary>
    /// <typeparam name="T">The state.</typeparam>
    public class GrainState<T> : IGrainState<T>
    {
        /// <summary>A fresh state.</summary>
        public GrainState()
            : this(default!, null)
        {
        }

        /// <summary>A state without version.</summary>
        public GrainState(T state)
            : this(state, null)
        {
        }

        /// <summary>A state with its version.</summary>
        public GrainState(T state, string? eTag)
        {
            State = state;
            ETag = eTag;
        }

        /// <inheritdoc/>
        public T State { get; set; }

        /// <inheritdoc/>
        public string? ETag { get; set; }

        /// <inheritdoc/>
        public bool RecordExists { get; set; }
    }
}

namespace Orleans.Storage
{
    /// <summary>A store of grain states.</summary>
    public interface IGrainStorage
    {
        /// <summary>Reads a state into <paramref name="grainState"/>; one that is not there leaves a fresh
        /// one.</summary>
        Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Writes a state; fails with <see cref="InconsistentStateException"/> when its version is not the
        /// store's.</summary>
        Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);

        /// <summary>Removes a state; fails like a write.</summary>
        Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState);
    }
}
