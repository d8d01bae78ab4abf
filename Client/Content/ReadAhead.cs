using ClaudeFs.Primitives;

namespace ClaudeFs.Client.Content;

/// <summary>
/// Finds sequential streams in one handle's reads and says what to fetch ahead: from 128 KiB, doubling while the stream
/// goes on; a seek begins again. Thread-safe.
/// </summary>
internal sealed class ReadAhead
{
    private readonly Lock _sync = new();
    private long _expected;
    private long _fetchedTo;
    private long _window;

    /// <summary>
    /// A read of [<paramref name="offset"/>, <paramref name="end"/>) was answered: the range to fetch now, empty when
    /// none. <paramref name="bytesMax"/> bounds how far ahead.
    /// </summary>
    public (long From, long To) Next(long offset, long end, long fileSize, int bytesMax)
    {
        lock (_sync)
        {
            // The kernel reads ahead itself and may hand in its requests a little out of order.
            var isStream = offset <= _expected && offset >= _expected - Limits.ReadAheadBytesMin && end > offset;
            if (!isStream)
            {
                (_expected, _window, _fetchedTo) = (end, 0, end);
                return default;
            }

            _expected = Math.Max(_expected, end);
            if (_fetchedTo - _expected > _window / 2) return default;
            _window = Math.Min(bytesMax, Math.Max(Limits.ReadAheadBytesMin, _window * 2));
            var from = Math.Max(_fetchedTo, _expected);
            var to = Math.Min(fileSize, _expected + _window);
            if (to <= from) return default;
            _fetchedTo = to;
            return (from, to);
        }
    }
}
