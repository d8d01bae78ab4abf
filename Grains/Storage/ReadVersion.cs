using ClaudeFs.Primitives;

namespace ClaudeFs.Grains.Storage;

/// <summary>
/// What an answer rests on: the highest sequence, in one shard, of the rows and absences that were read for it and
/// whose commit is not known yet. Starts as default and is passed to each read.
/// </summary>
public struct ReadVersion
{
    /// <summary>0 when everything read was committed.</summary>
    public ulong Sequence { readonly get; private set; }

    /// <summary>Who wrote it all, unless <see cref="IsMixed"/>.</summary>
    public SessionId Writer { readonly get; private set; }

    /// <summary>More than one session wrote what was read.</summary>
    public bool IsMixed { readonly get; private set; }

    /// <summary>
    /// Whether an answer to <paramref name="session"/> may leave before the commit: only its own is pending.
    /// </summary>
    public readonly bool IsOwn(SessionId session) =>
        Sequence == 0 || (!IsMixed && Writer == session && session != SessionId.None);

    internal void Add(ulong sequence, SessionId writer)
    {
        if (Sequence == 0) Writer = writer;
        else if (Writer != writer) IsMixed = true;
        if (sequence > Sequence) Sequence = sequence;
    }
}
