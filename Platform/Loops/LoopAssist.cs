namespace ClaudeFs.Platform.Loops;

/// <summary>
/// Lets a thread that has nothing left to do but wait run the piece of a loop's work that it waits for: two hand-offs
/// less (25 µs each between idle cores) for a commit that nobody else is making. A thread makes the offer before its
/// own work, and settles it after.
/// </summary>
public static class LoopAssist
{
    [ThreadStatic]
    private static bool t_isOffered;

    [ThreadStatic]
    private static IAssistedWork? t_work;

    /// <summary>Until <see cref="Settle"/> this thread keeps the first piece of work it is asked to.</summary>
    public static void Offer() => t_isOffered = true;

    /// <summary>Keeps the work for the end of what this thread does; false without an offer, or when it has
    /// some.</summary>
    public static bool TryKeep(IAssistedWork work)
    {
        if (!t_isOffered || t_work is not null) return false;
        t_work = work;
        return true;
    }

    /// <summary>Ends the offer: what was kept runs here and now, or goes to its loop.</summary>
    public static void Settle(bool runHere)
    {
        t_isOffered = false;
        if (t_work is not { } work) return;
        t_work = null;
        if (runHere) work.RunHere();
        else work.PostToLoop();
    }
}

/// <summary>Work of a loop that another thread may do in its stead.</summary>
public interface IAssistedWork
{
    /// <summary>Runs it on the caller's thread, which may block as long as one transfer and its flush.</summary>
    void RunHere();

    /// <summary>Has the loop run it.</summary>
    void PostToLoop();
}
