using System.Buffers.Binary;

namespace ClaudeFs.Grains.Storage.Sqlite;

/// <summary>
/// The first page of meta.db, which says what tables there are and where each begins: the same in every meta.db, since
/// all tables are made at once and their first pages never move. Only the list of free pages is a file's own.
/// </summary>
public static class FirstPage
{
    private const string ModelSuffix = ".model";
    private const int ChangesAt = 24;
    private const int CountAt = 28;
    private const int ChangesAgainAt = 92;

    /// <summary>
    /// Makes the page anew, with no list of free pages: good for reading, not for writing. Precondition: nobody has the
    /// file open.
    /// </summary>
    public static async ValueTask RestoreAsync(string path)
    {
        var model = path + ModelSuffix;
        byte[] page;
        File.Delete(model);
        try
        {
            await SqliteRowTable.Open(model).DisposeAsync();
            using var source = new PageFile(model);
            if (!source.TryLoad(1)) throw new InvalidOperationException($"{model} was just written, and is not whole");
            page = source.Page.ToArray();
        }
        finally
        {
            File.Delete(model);
        }

        using var target = new PageFile(path);
        BinaryPrimitives.WriteUInt32BigEndian(page.AsSpan(CountAt), target.Count);
        page.AsSpan(ChangesAt, sizeof(uint)).CopyTo(page.AsSpan(ChangesAgainAt));
        target.Write(1, page);
    }
}
