using System.Runtime.CompilerServices;

namespace OrleansCodeGen.Support;

/// <summary>The members that an exception type adds to <see cref="Exception"/>; implemented by generated
/// codecs.</summary>
public interface IExceptionMembers
{
    /// <summary>Writes the type's own members as fields 16 and up.</summary>
    void WriteMembers(WireWriter writer, Exception value);

    /// <summary>Reads one of them; false when the field is unknown.</summary>
    bool TryReadMember(ref WireReader reader, uint wireId, WireType type, Exception target);
}

/// <summary>
/// Exceptions cross as themselves when their type is on the allow-list, else as the nearest base that is, with the
/// original type's name in the message. Message, inner exception and the remote stack are kept; the constructor does
/// not run.
/// </summary>
internal sealed class ExceptionCodec<T> : TypeCodec<T>
    where T : Exception
{
    public override WireType WireType => WireType.Group;

    public override bool IsImmutable => true;

    public override T Copy(T value) => value;

    public override void Write(WireWriter writer, T value)
    {
        var type = value.GetType();
        var alias = ExceptionTypes.NearestAlias(type, out var exact);
        writer.EnterGroup();
        Codecs.WriteField(writer, 1, alias);
        Codecs.WriteField(writer, 2, exact ? value.Message : $"{type}: {value.Message}");
        Codecs.WriteField(writer, 3, value.StackTrace);
        if (value.InnerException is { } inner)
        {
            Codecs.WriteField(writer, 4, inner);
        }

        Codecs.WriteField(writer, 5, value.HResult);
        if (exact)
        {
            ExceptionTypes.MembersOf(type)?.WriteMembers(writer, value);
        }

        writer.WriteEnd();
    }

    public override T Read(ref WireReader reader, WireType type)
    {
        reader.EnterGroup(type);
        Exception? result = null;
        IExceptionMembers? members = null;
        while (reader.TryReadTag(out var id, out var fieldType))
        {
            if (id == 1)
            {
                var actual = ExceptionTypes.Resolve(Codecs.Read<string>(ref reader, fieldType));
                result = (Exception)RuntimeHelpers.GetUninitializedObject(actual);
                members = ExceptionTypes.MembersOf(actual);
            }
            else if (result is null || !ExceptionTypes.TryReadBase(ref reader, id, fieldType, result))
            {
                if (result is null || members is null || !members.TryReadMember(ref reader, id, fieldType, result))
                {
                    reader.Skip(fieldType);
                }
            }
        }

        return result as T ?? throw new WireException("an exception's type is missing or of another kind");
    }
}

/// <summary>The exception types that may cross, and the parts that all have.</summary>
internal static class ExceptionTypes
{
    private static readonly Type[] s_known =
    [
        typeof(Exception), typeof(ArgumentException), typeof(ArgumentNullException),
            typeof(ArgumentOutOfRangeException),
        typeof(InvalidOperationException), typeof(NotSupportedException), typeof(NotImplementedException),
        typeof(TimeoutException), typeof(OperationCanceledException), typeof(TaskCanceledException),
        typeof(KeyNotFoundException), typeof(IndexOutOfRangeException), typeof(FormatException),
            typeof(OverflowException),
        typeof(ArithmeticException), typeof(DivideByZeroException), typeof(InvalidCastException),
        typeof(NullReferenceException), typeof(ObjectDisposedException), typeof(UnauthorizedAccessException),
        typeof(IOException), typeof(EndOfStreamException), typeof(InvalidDataException), typeof(SystemException),
        typeof(ApplicationException), typeof(OutOfMemoryException),
    ];

    internal static string NearestAlias(Type type, out bool exact)
    {
        for (var candidate = type; candidate is not null; candidate = candidate.BaseType)
        {
            var alias = Array.IndexOf(s_known, candidate) >= 0 ? candidate.FullName : CodecTable.AliasOf(candidate);
            if (alias is not null)
            {
                exact = candidate == type;
                return alias;
            }
        }

        exact = false;
        return "System.Exception";
    }

    internal static Type Resolve(string alias)
    {
        foreach (var known in s_known)
        {
            if (string.Equals(known.FullName, alias, StringComparison.Ordinal))
            {
                return known;
            }
        }

        return CodecTable.FindByAlias(alias) is { IsAbstract: false } type && typeof(Exception).IsAssignableFrom(type)
            ? type
            : typeof(Exception);
    }

    internal static IExceptionMembers? MembersOf(Type type)
        => CodecTable.EntryOf(type) is { } entry
            ? Activator.CreateInstance(entry.Codec, nonPublic: true) as IExceptionMembers
            : null;

    internal static bool TryReadBase(ref WireReader reader, uint id, WireType type, Exception target)
    {
        switch (id)
        {
            case 2:
                Message(target) = Codecs.Read<string>(ref reader, type);
                return true;
            case 3:
                RemoteStack(target) = Codecs.Read<string>(ref reader, type) + Environment.NewLine;
                return true;
            case 4:
                Inner(target) = Codecs.Read<Exception>(ref reader, type);
                return true;
            case 5:
                target.HResult = Codecs.Read<int>(ref reader, type);
                return true;
            default:
                return false;
        }
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? Message(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? Inner(Exception exception);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_remoteStackTraceString")]
    private static extern ref string? RemoteStack(Exception exception);
}
