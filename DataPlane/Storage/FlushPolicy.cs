namespace ClaudeFs.DataPlane.Storage;

/// <summary>When a put's bytes are on stable storage.</summary>
public enum FlushPolicy
{
    /// <summary>With the next flush of the log that lies on the same device: data and commit share one flush.</summary>
    WithLog,

    /// <summary>Before the put completes: for a device without the log. Puts at the same time share a flush.</summary>
    BeforeAck,
}
