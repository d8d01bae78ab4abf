namespace ClaudeFs.Simulation.Tests.Histories;

/// <summary>
/// Attributes of one file. What a session changed may stay with it until others look or change something, and is lost
/// with it. The time of the last change is known when it was seen since; before, it is above the last that was seen.
/// </summary>
/// <param name="Mode">Permissions.</param>
/// <param name="SizeBytes">Size.</param>
/// <param name="ModifiedAtLeast">Time of the last change, in nanoseconds, or what it is not below.</param>
/// <param name="IsTimeKnown">Whether it was seen.</param>
/// <param name="Session">Whose the changes since <paramref name="Before"/> are.</param>
/// <param name="Before">As they were before the session's last change; null: nothing can be lost.</param>
internal sealed record AttributeState(
    uint Mode, long SizeBytes, long ModifiedAtLeast, bool IsTimeKnown, long Session = 0, AttributeState? Before = null)
{
    /// <summary>Whether the disk fails, and flushes with it: what a session holds may be lost at any time.</summary>
    public bool IsTroubled { get; init; }

    /// <summary>What was lost while the disk failed: the next start may find it in the log after all.</summary>
    public AttributeState? Limbo { get; init; }

    /// <summary>What may be there when a session looks or changes something.</summary>
    public IEnumerable<AttributeState> For(long session)
    {
        var states = IsTroubled ? Lose(Session).Prepend(this) : [this];
        return session == Session ? states : states.Select(state => state with { Session = session, Before = null });
    }

    /// <summary>The session is lost, and with it some of its last changes.</summary>
    public IEnumerable<AttributeState> Lose(long session)
    {
        yield return session == Session ? this with { Before = null } : this;
        if (session != Session) yield break;
        var limbo = IsTroubled ? Limbo ?? this : null;
        for (var state = Before; state is not null; state = state.Before)
        {
            yield return state with
            {
                IsTroubled = IsTroubled, Limbo = limbo, Before = null, IsTimeKnown = false, ModifiedAtLeast = 0,
            };
        }
    }

    /// <summary>The silo has started on a disk that is well; other processes may hold on to what they have.</summary>
    public IEnumerable<AttributeState> Mend() => (Limbo is { } limbo
        ? Lose(Session).Concat(limbo.Lose(limbo.Session))
        : Lose(Session)).Prepend(this).Select(static state => state with
        {
            IsTroubled = false, Limbo = null, IsTimeKnown = false, ModifiedAtLeast = 0,
        });
}

/// <summary>chmod(2).</summary>
internal sealed class SetMode(long session, uint mode, string what, long start)
    : HistoryOperation<AttributeState>(what, start)
{
    public override IEnumerable<AttributeState> Apply(AttributeState state) =>
        Sessions(session).SelectMany(state.For).Select(at => at with { Mode = mode, Before = at });
}

/// <summary>truncate(2), which changes the time of the last change.</summary>
internal sealed class SetSize(long session, long sizeBytes, string what, long start)
    : HistoryOperation<AttributeState>(what, start)
{
    public override IEnumerable<AttributeState> Apply(AttributeState state) =>
        Sessions(session).SelectMany(state.For).Select(at => at with
        {
            SizeBytes = sizeBytes,
            ModifiedAtLeast = at.IsTimeKnown ? at.ModifiedAtLeast + 1 : at.ModifiedAtLeast,
            IsTimeKnown = false,
            Before = at,
        });
}

/// <summary>stat(2) with an answer.</summary>
internal sealed class SeeAttributes(long session, string what, long start)
    : HistoryOperation<AttributeState>(what, start)
{
    public uint Mode { get; set; }

    public long SizeBytes { get; set; }

    public long Modified { get; set; }

    public override string Told => $"mode {Mode:x} size {SizeBytes} modified {Modified}";

    public override IEnumerable<AttributeState> Apply(AttributeState state)
    {
        foreach (var at in state.For(session))
        {
            if (at.Mode != Mode || at.SizeBytes != SizeBytes) continue;
            var isTime = at.IsTimeKnown ? Modified == at.ModifiedAtLeast : Modified >= at.ModifiedAtLeast;
            if (isTime) yield return at with { ModifiedAtLeast = Modified, IsTimeKnown = true };
        }
    }
}

/// <summary>A session ends in disorder.</summary>
internal sealed class LoseAttributes(long session, string what, long start)
    : HistoryOperation<AttributeState>(what, start)
{
    public override IEnumerable<AttributeState> Apply(AttributeState state) => state.Lose(session);
}

/// <summary>The disk begins to fail, or the silo has started on one that does not.</summary>
internal sealed class TroubleAttributes(bool begins, string what, long start)
    : HistoryOperation<AttributeState>(what, start)
{
    public override IEnumerable<AttributeState> Apply(AttributeState state) =>
        begins ? [state with { IsTroubled = true }] : state.Mend();
}
