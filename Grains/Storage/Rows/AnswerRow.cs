using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// The answer that an operation got, kept until the client has acknowledged it. Made with its value, read back as
/// bytes.
/// </summary>
/// <param name="Session">Whose operation.</param>
/// <param name="Number">The operation's number in this shard.</param>
/// <param name="From">Stamp of the batch that wrote it.</param>
public abstract record AnswerRow(SessionId Session, ulong Number, Stamp From) : Row(From)
{
    public override RowKey Key => RowKey.Answer(Session, Number);

    internal override int CostBytes => 256;

    /// <summary>
    /// The answer as <typeparamref name="T"/>; false when it was the answer of another kind of operation.
    /// </summary>
    internal abstract bool TryGet<T>(out FsResult<T> answer);
}

/// <summary>An answer given by this process.</summary>
internal sealed record AnswerRow<TAnswer>(SessionId Session, ulong Number, FsResult<TAnswer> Answer, Stamp From)
    : AnswerRow(Session, Number, From)
{
    internal override bool TryGet<T>(out FsResult<T> answer)
    {
        if (this is AnswerRow<T> same)
        {
            answer = same.Answer;
            return true;
        }

        answer = default;
        return false;
    }
}

/// <summary>An answer as the log and the tables hold it: <paramref name="Kind"/> says of what type.</summary>
internal sealed record StoredAnswerRow(SessionId Session, ulong Number, AnswerKind Kind, byte[] Bytes, Stamp From)
    : AnswerRow(Session, Number, From)
{
    internal override bool TryGet<T>(out FsResult<T> answer) => AnswerCodec.TryRead(Kind, Bytes, out answer);
}
