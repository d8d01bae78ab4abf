using System.Globalization;
using System.Reflection;

namespace ClaudeFs.Model.Tests.Programs;

/// <summary>
/// One operation of a program with all its arguments; it means the same whatever came before, so that a program from
/// which operations were dropped is a program. Its text is one line, and can be read back.
/// </summary>
internal sealed record Operation
{
    /// <summary>Open files that each client has room for.</summary>
    public const int SlotsPerClient = 3;

    /// <summary>Clients of one file system.</summary>
    public const int Clients = 2;

    private const uint DirectoryModeMask = 0x3FF; // what mkdir(2) takes of a mode, see vfs_mkdir

    private static readonly PropertyInfo[] Arguments =
        [.. typeof(Operation).GetProperties().Where(static p => p.CanWrite && p.Name != nameof(Kind))];

    public OperationKind Kind { get; set; }

    /// <summary>Who does it.</summary>
    public int Client { get; set; }

    /// <summary>Who looks at the result: 0 or 1.</summary>
    public int Look { get; set; }

    /// <summary>Path below the program's directory; names are divided by '/'.</summary>
    public string Path { get; set; } = "";

    /// <summary>Second path, target of a symlink, or name of an extended attribute.</summary>
    public string Other { get; set; } = "";

    /// <summary>Which of the client's open files.</summary>
    public int Slot { get; set; }

    /// <summary>Second open file, of the same client.</summary>
    public int OtherSlot { get; set; }

    public int Flags { get; set; }

    public int Mode { get; set; }

    public int Uid { get; set; }

    public int Gid { get; set; }

    public long Offset { get; set; }

    public long OtherOffset { get; set; }

    public long Length { get; set; }

    /// <summary>Seed of the bytes that are written; 0 writes zeros.</summary>
    public int Data { get; set; }

    /// <summary>Whether no time is to change: the kernel does not even look for a path then (do_utimes).</summary>
    public bool SetsNoTime() => Offset == Times.Omit && Length == Times.Omit;

    /// <summary>Type and mode of a directory that is made.</summary>
    public uint DirectoryMode() => FileMode.Directory | ((uint)Mode & DirectoryModeMask);

    /// <summary>The bytes that are written.</summary>
    public byte[] Bytes()
    {
        var bytes = new byte[Length];
        if (Data != 0) new Random(Data).NextBytes(bytes);
        return bytes;
    }

    /// <summary>Reads a line of <see cref="ToString"/>; throws <see cref="FormatException"/> for other text.</summary>
    public static Operation Parse(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var operation = new Operation { Kind = Enum.Parse<OperationKind>(words[0]) };
        foreach (var word in words.Skip(1))
        {
            var (name, text) = (word[..word.IndexOf('=')], word[(word.IndexOf('=') + 1)..]);
            var argument = Arguments.FirstOrDefault(p => p.Name == name)
                ?? throw new FormatException($"'{line}': there is no argument '{name}'");
            argument.SetValue(
                operation, Convert.ChangeType(text, argument.PropertyType, CultureInfo.InvariantCulture));
        }

        return operation;
    }

    public override string ToString()
    {
        var given = Arguments
            .Select(p => (p.Name, Text: Convert.ToString(p.GetValue(this), CultureInfo.InvariantCulture)))
            .Where(static argument => argument.Text is not ("" or "0"));
        return string.Join(' ', given.Select(static a => $"{a.Name}={a.Text}").Prepend($"{Kind}"));
    }
}
