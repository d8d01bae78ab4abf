namespace OrleansCodeGen.Support;

/// <summary>Writes, reads and copies values of one type, seen as objects.</summary>
public abstract class TypeCodec
{
    /// <summary>How values are laid out.</summary>
    public abstract WireType WireType { get; }

    /// <summary>Whether values never change, so that a copy may be the value itself.</summary>
    public virtual bool IsImmutable => false;

    /// <summary>Writes a value that is not null.</summary>
    public abstract void WriteObject(WireWriter writer, object value);

    /// <summary>Reads a value laid out as <paramref name="type"/>.</summary>
    public abstract object ReadObject(ref WireReader reader, WireType type);

    /// <summary>A copy that shares nothing changeable with <paramref name="value"/>.</summary>
    public abstract object CopyObject(object value);
}

/// <summary>Writes, reads and copies values of <typeparamref name="T"/>; values are never null here.</summary>
/// <typeparam name="T">The type.</typeparam>
public abstract class TypeCodec<T> : TypeCodec
{
    /// <summary>Writes a value that is not null.</summary>
    public abstract void Write(WireWriter writer, T value);

    /// <summary>Reads a value laid out as <paramref name="type"/>.</summary>
    public abstract T Read(ref WireReader reader, WireType type);

    /// <summary>A copy that shares nothing changeable with <paramref name="value"/>.</summary>
    public abstract T Copy(T value);

    /// <inheritdoc/>
    public sealed override void WriteObject(WireWriter writer, object value) => Write(writer, (T)value);

    /// <inheritdoc/>
    public sealed override object ReadObject(ref WireReader reader, WireType type) => Read(ref reader, type)!;

    /// <inheritdoc/>
    public sealed override object CopyObject(object value) => Copy((T)value)!;
}
