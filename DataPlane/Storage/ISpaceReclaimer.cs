namespace ClaudeFs.DataPlane.Storage;

/// <summary>
/// Lets go of stored data that only its owner, the metadata, knows to be garbage. One call at a time.
/// </summary>
public interface ISpaceReclaimer
{
    /// <summary>
    /// One step: begins to free what nobody holds, feeds all that is committed to the counts, makes these durable, and
    /// confirms the present garbage epoch if it has lasted long enough. Whether more is being freed, so that asking
    /// again is worth it. Never throws.
    /// </summary>
    ValueTask<bool> ReclaimAsync();
}
