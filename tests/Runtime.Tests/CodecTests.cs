using System.Collections.Immutable;
using ClaudeFs.Primitives;
using ClaudeFs.Runtime.Tests.Grains;
using OrleansCodeGen.Support;

namespace ClaudeFs.Runtime.Tests;

/// <summary>Version 1 of a type.</summary>
[GenerateSerializer]
public sealed record Old([property: Id(0)] int A, [property: Id(5)] string? B);

/// <summary>Version 2: more fields, others left out.</summary>
[GenerateSerializer]
public sealed record New(
    [property: Id(0)] int A, [property: Id(1)] List<Old>? C, [property: Id(2)] (long, Guid)? D,
    [property: Id(3)] Dictionary<string, byte[]>? E, [property: Id(4)] Shape? F, [property: Id(5)] string? B);

/// <summary>A base.</summary>
[GenerateSerializer, Alias("test.shape")]
public abstract record Shape([property: Id(0)] string Name);

/// <summary>One kind.</summary>
[GenerateSerializer, Alias("test.circle")]
public sealed record Circle(string Name, [property: Id(1)] double Radius) : Shape(Name);

/// <summary>Not marked.</summary>
public sealed record Square(string Name) : Shape(Name);

public sealed class CodecTests
{
    public static IEnumerable<object[]> Values() => new object[]
    {
        true, (byte)7, (sbyte)-7, short.MinValue, ushort.MaxValue, int.MinValue, uint.MaxValue, long.MinValue,
            ulong.MaxValue,
        'x', 1.5f, double.Epsilon, 12.34m, UInt128.MaxValue, "", "äöü",
            new Guid("00112233-4455-6677-8899-aabbccddeeff"),
        TimeSpan.FromTicks(-5), new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(-3)),
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), FsError.ENOENT, ((int?)5)!, (1, "a"), (1, "a", 2L),
            (1, 2, 3, 4),
        (1, 2, 3, 4, "5"), ImmutableArray.Create(1, 2, 3), new FsResult<int>(3, FsError.EIO), FsName.Of("name"),
        new OperationId(new SessionId(7), new ShardId(3), 9), new Answer<Answer<string>>(new("x", 1), 2),
        new Circle("c", 2.5), KeyValuePair.Create("k", 1), new Uri("http://a/b"),
    }.Select(static v => new[] { v });

    [Theory, MemberData(nameof(Values))]
    public void A_value_comes_back_as_it_went(object value)
    {
        var method = typeof(CodecTests).GetMethod(nameof(RoundTrip),
            System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!;
        var type = value is ImmutableArray<int> ? typeof(ImmutableArray<int>) : value.GetType();
        var back = method.MakeGenericMethod(type).Invoke(null, [value]);
        if (value is ImmutableArray<int> array)
        {
            Assert.Equal(array.AsEnumerable(), ((ImmutableArray<int>)back!).AsEnumerable());
        }
        else
        {
            Assert.Equal(value, back);
        }
    }

    [Fact]
    public void Collections_come_back()
    {
        Assert.Equal([1, 2], RoundTrip(new List<int> { 1, 2 }));
        Assert.True(RoundTrip<string?[]>(["a", null]) is ["a", null]);
        Assert.Equal([1, 2], RoundTrip<IReadOnlyList<int>>([1, 2]));
        Assert.Equal(new Dictionary<string, int> { ["a"] = 1 }, RoundTrip(new Dictionary<string, int> { ["a"] = 1 }));
        Assert.Equal([1, null], RoundTrip(new List<int?> { 1, null }));
        Assert.Equal([1, 2, 3], RoundTrip<ReadOnlyMemory<byte>>(new byte[] { 1, 2, 3 }).ToArray());
    }

    [Fact]
    public void Unknown_fields_are_skipped_and_missing_ones_are_empty()
    {
        var made = new New(
            7, [new Old(1, "x")], (5, new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)), new() { ["k"] = [1] },
                new Circle("c", 1), "b");
        Assert.Equal(new Old(7, "b"), Read<Old>(Write(made)));
        Assert.Equal(new New(7, null, null, null, null, "b"), Read<New>(Write(new Old(7, "b"))));
    }

    [Fact]
    public void Only_marked_types_are_written_or_read_where_the_type_is_open()
    {
        Assert.Equal(new Circle("c", 1), RoundTrip<Shape>(new Circle("c", 1)));
        Assert.Throws<WireException>(() => Write<Shape>(new Square("s")));
        var bytes = Write<object>(new Circle("c", 1));
        var renamed = System.Text.Encoding.Latin1.GetString(bytes).Replace("test.circle", "System.Guid",
            StringComparison.Ordinal);
        Assert.Throws<WireException>(() => Read<object>(System.Text.Encoding.Latin1.GetBytes(renamed)));
        Assert.Throws<WireException>(() => Read<Shape>(Write<object>(new Basket())));
    }

    [Fact]
    public void Malformed_bytes_are_refused_and_nothing_else()
    {
        var good = Write(new New(7, [new Old(1, "x")], (5, Guid.Empty), new() { ["k"] = [1, 2] }, new Circle("c", 1),
            "b"));
        var random = new Random(4711);
        for (var i = 0; i < 20_000; i++)
        {
            var bad = good.ToArray();
            bad[random.Next(bad.Length)] = (byte)random.Next(256);
            bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Read<New>(bad.AsSpan(0, random.Next(bad.Length + 1)).ToArray());
            }
            catch (WireException)
            {
                // Refused, as it should be; what is read is a value like any other.
            }
        }
    }

    [Fact]
    public void A_fault_crosses_as_itself()
    {
        var back = RoundTrip<Exception>(new FsException(FsError.EIO, "broken", new IOException("inner")));
        Assert.Equal((FsError.EIO, "broken"), (Assert.IsType<FsException>(back).Error, back.Message));
        Assert.Equal("inner", Assert.IsType<IOException>(back.InnerException).Message);
    }

    [Fact]
    public void A_message_has_its_bound_and_a_value_its_depth()
    {
        using var writer = new WireWriter();
        Assert.Throws<WireException>(() => writer.WriteRaw(new byte[WireLimits.MessageBytesMax + 1]));
        for (var i = 0; i < WireLimits.DepthMax; i++)
        {
            writer.EnterGroup();
        }

        Assert.Throws<WireException>(writer.EnterGroup);
        Assert.Throws<WireException>(() => Read<object>([.. Enumerable.Repeat((byte)0x0C, 200)]));
    }

    [Fact]
    public void Immutable_values_are_not_copied_and_others_are()
    {
        var name = new Name("a");
        Assert.Same(name, Codecs.Copy(name));
        var bytes = new byte[] { 1 };
        Assert.NotSame(bytes, Codecs.Copy(new FsResult<byte[]>(bytes, FsError.None)).Value);
        Assert.True(Codecs.IsImmutable<FsResult<Name>>());
        Assert.False(Codecs.IsImmutable<FsResult<byte[]>>());
        var basket = new Basket { Items = [1] };
        Assert.NotSame(basket.Items, Codecs.Copy<object>(basket) is Basket copy ? copy.Items : basket.Items);
    }

    private static T RoundTrip<T>(T value) => Read<T>(Write(value));

    private static byte[] Write<T>(T value)
    {
        using var writer = new WireWriter();
        writer.EnterGroup();
        Codecs.WriteField(writer, 1, value);
        writer.WriteEnd();
        return writer.Written.ToArray();
    }

    private static T Read<T>(byte[] bytes)
    {
        var reader = new WireReader(bytes);
        reader.EnterGroup(WireType.Group);
        T result = default!;
        while (reader.TryReadTag(out var id, out var type))
        {
            if (id == 1)
            {
                result = Codecs.Read<T>(ref reader, type);
            }
            else
            {
                reader.Skip(type);
            }
        }

        return result;
    }
}
