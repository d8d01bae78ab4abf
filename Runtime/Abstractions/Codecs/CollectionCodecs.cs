using System.Collections.Immutable;

namespace OrleansCodeGen.Support;

/// <summary>Base of codecs of collections: elements in order, built from an array.</summary>
internal abstract class SequenceCodec<TCollection, T> : TypeCodec<TCollection>
    where TCollection : notnull
{
    private TypeCodec<T>? _element;

    public override WireType WireType => WireType.Sequence;

    protected TypeCodec<T> Element => _element ??= Codecs.Get<T>();

    public override void Write(WireWriter writer, TCollection value)
    {
        writer.EnterGroup();
        var items = Items(value);
        writer.WriteVarint((uint)items.Length);
        writer.WriteByte((byte)Codecs.ElementType<T>());
        foreach (var item in items)
        {
            Codecs.WriteElement(writer, Element, item);
        }

        writer.LeaveSequence();
    }

    public override TCollection Read(ref WireReader reader, WireType type)
    {
        var count = reader.ReadSequenceHead(type, out var elementType);
        var items = new List<T>(Math.Min(count, 1024));
        for (var i = 0; i < count; i++)
        {
            items.Add(Codecs.ReadElement(ref reader, Element, elementType));
        }

        reader.EndSequence();
        return Build(items.ToArray());
    }

    public override TCollection Copy(TCollection value)
    {
        var items = Items(value);
        var copies = new T[items.Length];
        for (var i = 0; i < copies.Length; i++)
        {
            copies[i] = items[i] is null || Element.IsImmutable ? items[i] : Element.Copy(items[i]);
        }

        return Build(copies);
    }

    protected abstract ReadOnlySpan<T> Items(TCollection value);

    /// <summary>Makes the collection; the array is its own from here on.</summary>
    protected abstract TCollection Build(T[] items);
}

internal sealed class ArrayCodec<T> : SequenceCodec<T[], T>
{
    protected override ReadOnlySpan<T> Items(T[] value) => value;

    protected override T[] Build(T[] items) => items;
}

internal sealed class ListCodec<T> : SequenceCodec<List<T>, T>
{
    protected override ReadOnlySpan<T> Items(List<T> value)
        => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(value);

    protected override List<T> Build(T[] items) => [.. items];
}

internal sealed class ReadOnlyListCodec<TList, T> : SequenceCodec<TList, T>
    where TList : class, IEnumerable<T>
{
    protected override ReadOnlySpan<T> Items(TList value) => value as T[] ?? value.ToArray();

    protected override TList Build(T[] items) => (TList)(object)items;
}

internal sealed class MemoryOfCodec<T> : SequenceCodec<ReadOnlyMemory<T>, T>
{
    protected override ReadOnlySpan<T> Items(ReadOnlyMemory<T> value) => value.Span;

    protected override ReadOnlyMemory<T> Build(T[] items) => items;
}

internal sealed class SetCodec<T> : SequenceCodec<HashSet<T>, T>
{
    protected override ReadOnlySpan<T> Items(HashSet<T> value) => value.ToArray();

    protected override HashSet<T> Build(T[] items) => [.. items];
}

internal sealed class ImmutableArrayCodec<T> : SequenceCodec<ImmutableArray<T>, T>
{
    public override bool IsImmutable => Element.IsImmutable;

    public override ImmutableArray<T> Copy(ImmutableArray<T> value)
        => IsImmutable || value.IsDefault ? value : base.Copy(value);

    protected override ReadOnlySpan<T> Items(ImmutableArray<T> value) => value.IsDefault ? [] : value.AsSpan();

    protected override ImmutableArray<T> Build(T[] items)
        => System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(items);
}

internal sealed class DictionaryCodec<TDictionary, TKey, TValue>
    : SequenceCodec<TDictionary, KeyValuePair<TKey, TValue>>
    where TDictionary : class, IEnumerable<KeyValuePair<TKey, TValue>>
    where TKey : notnull
{
    protected override ReadOnlySpan<KeyValuePair<TKey, TValue>> Items(TDictionary value) => value.ToArray();

    protected override TDictionary Build(KeyValuePair<TKey, TValue>[] items)
    {
        var dictionary = new Dictionary<TKey, TValue>(items.Length);
        foreach (var (key, value) in items)
        {
            if (key is null || !dictionary.TryAdd(key, value))
            {
                throw new WireException("a dictionary has a key twice, or none");
            }
        }

        return (TDictionary)(object)dictionary;
    }
}

/// <summary>Several values as the fields 1, 2, ... of a group: tuples and pairs.</summary>
internal abstract class FieldsCodec<T> : TypeCodec<T>
{
    public sealed override WireType WireType => WireType.Group;

    public sealed override void Write(WireWriter writer, T value)
    {
        writer.EnterGroup();
        WriteFields(writer, value);
        writer.WriteEnd();
    }

    protected abstract void WriteFields(WireWriter writer, T value);
}

internal sealed class PairCodec<TKey, TValue> : FieldsCodec<KeyValuePair<TKey, TValue>>
{
    public override bool IsImmutable => Codecs.IsImmutable<TKey>() && Codecs.IsImmutable<TValue>();

    public override KeyValuePair<TKey, TValue> Copy(KeyValuePair<TKey, TValue> value)
        => new(Codecs.Copy(value.Key), Codecs.Copy(value.Value));

    public override KeyValuePair<TKey, TValue> Read(ref WireReader reader, WireType type)
    {
        var (key, value) = TupleReader.Read<TKey, TValue, bool, bool, bool>(ref reader, type).Pair;
        return new(key, value);
    }

    protected override void WriteFields(WireWriter writer, KeyValuePair<TKey, TValue> value)
    {
        Codecs.WriteField(writer, 1, value.Key);
        Codecs.WriteField(writer, 2, value.Value);
    }
}

internal sealed class Tuple2Codec<T1, T2> : FieldsCodec<(T1, T2)>
{
    public override bool IsImmutable => Codecs.IsImmutable<T1>() && Codecs.IsImmutable<T2>();

    public override (T1, T2) Copy((T1, T2) value) => (Codecs.Copy(value.Item1), Codecs.Copy(value.Item2));

    public override (T1, T2) Read(ref WireReader reader, WireType type)
        => TupleReader.Read<T1, T2, bool, bool, bool>(ref reader, type).Pair;

    protected override void WriteFields(WireWriter writer, (T1, T2) value)
    {
        Codecs.WriteField(writer, 1, value.Item1);
        Codecs.WriteField(writer, 2, value.Item2);
    }
}

internal sealed class Tuple3Codec<T1, T2, T3> : FieldsCodec<(T1, T2, T3)>
{
    public override bool IsImmutable
        => Codecs.IsImmutable<T1>() && Codecs.IsImmutable<T2>() && Codecs.IsImmutable<T3>();

    public override (T1, T2, T3) Copy((T1, T2, T3) value)
        => (Codecs.Copy(value.Item1), Codecs.Copy(value.Item2), Codecs.Copy(value.Item3));

    public override (T1, T2, T3) Read(ref WireReader reader, WireType type)
    {
        var read = TupleReader.Read<T1, T2, T3, bool, bool>(ref reader, type);
        return (read.First, read.Second, read.Third);
    }

    protected override void WriteFields(WireWriter writer, (T1, T2, T3) value)
    {
        Codecs.WriteField(writer, 1, value.Item1);
        Codecs.WriteField(writer, 2, value.Item2);
        Codecs.WriteField(writer, 3, value.Item3);
    }
}

internal sealed class Tuple4Codec<T1, T2, T3, T4> : FieldsCodec<(T1, T2, T3, T4)>
{
    public override bool IsImmutable
        => Codecs.IsImmutable<T1>() && Codecs.IsImmutable<T2>() && Codecs.IsImmutable<T3>() && Codecs.IsImmutable<T4>();

    public override (T1, T2, T3, T4) Copy((T1, T2, T3, T4) value)
        => (Codecs.Copy(value.Item1), Codecs.Copy(value.Item2), Codecs.Copy(value.Item3), Codecs.Copy(value.Item4));

    public override (T1, T2, T3, T4) Read(ref WireReader reader, WireType type)
    {
        var read = TupleReader.Read<T1, T2, T3, T4, bool>(ref reader, type);
        return (read.First, read.Second, read.Third, read.Fourth);
    }

    protected override void WriteFields(WireWriter writer, (T1, T2, T3, T4) value)
    {
        Codecs.WriteField(writer, 1, value.Item1);
        Codecs.WriteField(writer, 2, value.Item2);
        Codecs.WriteField(writer, 3, value.Item3);
        Codecs.WriteField(writer, 4, value.Item4);
    }
}

internal sealed class Tuple5Codec<T1, T2, T3, T4, T5> : FieldsCodec<(T1, T2, T3, T4, T5)>
{
    public override bool IsImmutable
        => Codecs.IsImmutable<T1>() && Codecs.IsImmutable<T2>() && Codecs.IsImmutable<T3>() && Codecs.IsImmutable<T4>()
            && Codecs.IsImmutable<T5>();

    public override (T1, T2, T3, T4, T5) Copy((T1, T2, T3, T4, T5) value)
        => (Codecs.Copy(value.Item1), Codecs.Copy(value.Item2), Codecs.Copy(value.Item3), Codecs.Copy(value.Item4),
            Codecs.Copy(value.Item5));

    public override (T1, T2, T3, T4, T5) Read(ref WireReader reader, WireType type)
    {
        var read = TupleReader.Read<T1, T2, T3, T4, T5>(ref reader, type);
        return (read.First, read.Second, read.Third, read.Fourth, read.Fifth);
    }

    protected override void WriteFields(WireWriter writer, (T1, T2, T3, T4, T5) value)
    {
        Codecs.WriteField(writer, 1, value.Item1);
        Codecs.WriteField(writer, 2, value.Item2);
        Codecs.WriteField(writer, 3, value.Item3);
        Codecs.WriteField(writer, 4, value.Item4);
        Codecs.WriteField(writer, 5, value.Item5);
    }
}

/// <summary>Reads up to five numbered fields.</summary>
internal struct TupleReader
{
    internal static TupleFields<T1, T2, T3, T4, T5> Read<T1, T2, T3, T4, T5>(ref WireReader reader, WireType type)
    {
        var fields = default(TupleFields<T1, T2, T3, T4, T5>);
        reader.EnterGroup(type);
        while (reader.TryReadTag(out var id, out var fieldType))
        {
            switch (id)
            {
                case 1:
                    fields.First = Codecs.Read<T1>(ref reader, fieldType);
                    break;
                case 2:
                    fields.Second = Codecs.Read<T2>(ref reader, fieldType);
                    break;
                case 3:
                    fields.Third = Codecs.Read<T3>(ref reader, fieldType);
                    break;
                case 4:
                    fields.Fourth = Codecs.Read<T4>(ref reader, fieldType);
                    break;
                case 5:
                    fields.Fifth = Codecs.Read<T5>(ref reader, fieldType);
                    break;
                default:
                    reader.Skip(fieldType);
                    break;
            }
        }

        return fields;
    }
}

/// <summary>What <see cref="TupleReader"/> found.</summary>
internal struct TupleFields<T1, T2, T3, T4, T5>
{
    public T1 First;
    public T2 Second;
    public T3 Third;
    public T4 Fourth;
    public T5 Fifth;

    public readonly (T1 First, T2 Second) Pair => (First, Second);
}
