namespace ClaudeFs.Grains.Storage;

/// <summary>Objects kept for reuse, at most <see cref="StoreLimits.PooledMax"/>. Thread-safe.</summary>
internal sealed class Pool<T>(Func<T> create)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly T?[] _items = new T?[StoreLimits.PooledMax];
    private int _count;

    public T Rent()
    {
        lock (_lock)
        {
            if (_count > 0)
            {
                var item = _items[--_count]!;
                _items[_count] = null;
                return item;
            }
        }

        return create();
    }

    public void Return(T item)
    {
        lock (_lock)
        {
            if (_count < _items.Length) _items[_count++] = item;
        }
    }
}
