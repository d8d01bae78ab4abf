namespace ClaudeFs.Grains.Storage;

/// <summary>Objects kept for reuse, a bounded number. Thread-safe.</summary>
internal sealed class Pool<T>(Func<T> create, int itemsMax)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly T?[] _items = new T?[itemsMax];
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
