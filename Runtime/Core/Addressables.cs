namespace Orleans.Runtime
{
    /// <summary>What can be called by reference: a grain or an observer.</summary>
    public interface IAddressable;
}

namespace Orleans
{
    using Orleans.Runtime;

    /// <summary>Marks an interface of grains.</summary>
    public interface IGrain : IAddressable;

    /// <summary>Grains named by a string.</summary>
    public interface IGrainWithStringKey : IGrain;

    /// <summary>Grains named by a number.</summary>
    public interface IGrainWithIntegerKey : IGrain;

    /// <summary>Grains named by a Guid.</summary>
    public interface IGrainWithGuidKey : IGrain;

    /// <summary>Grains named by a number and a string.</summary>
    public interface IGrainWithIntegerCompoundKey : IGrain;

    /// <summary>Grains named by a Guid and a string.</summary>
    public interface IGrainWithGuidCompoundKey : IGrain;

    /// <summary>Marks an interface of objects outside the grains that grains can call.</summary>
    public interface IGrainObserver : IAddressable;
}
