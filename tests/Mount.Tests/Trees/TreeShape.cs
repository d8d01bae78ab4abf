using System.Globalization;

namespace ClaudeFs.Mount.Tests.Trees;

/// <summary>How many directories with how many files each.</summary>
internal sealed record TreeShape(int DirectoriesPerSlice, int FilesPerDirectory)
{
    private const int FilesPerDirectoryMax = 1000;
    private const int DirectoriesPerSliceMin = 8;   // one for each thread
    private const int FilesLong = 2_000_000, FilesShort = 20_000;

    public int FilesPerSlice => DirectoriesPerSlice * FilesPerDirectory;

    public int Files => FilesPerSlice * TreeLoad.Slices;

    public int Directories => DirectoriesPerSlice * TreeLoad.Slices;

    /// <summary>CLAUDEFS_TREE_FILES, or two million in a long run, twenty thousand in a short one.</summary>
    public static TreeShape FromEnvironment(bool isLong)
    {
        var asked = Environment.GetEnvironmentVariable("CLAUDEFS_TREE_FILES");
        var files = asked is not null ? int.Parse(asked, CultureInfo.InvariantCulture)
            : isLong ? FilesLong : FilesShort;
        var perSlice = Math.Max(files / TreeLoad.Slices, DirectoriesPerSliceMin);
        var directories = Math.Max(perSlice / FilesPerDirectoryMax, DirectoriesPerSliceMin);
        return new(directories, perSlice / directories);
    }
}
