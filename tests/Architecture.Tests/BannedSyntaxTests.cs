using ClaudeFs.Architecture.Tests.Rules;

namespace ClaudeFs.Architecture.Tests;

public class BannedSyntaxTests
{
    // Taken apart, so that this file does not do what it is about.
    private const string Later = "TO" + "DO";

    [Theory]
    [InlineData("#region A\n#endregion")]
    [InlineData("#pragma warning disable CA1000\nclass A;")]
    [InlineData("class A;\n#pragma warning disable CA1000")]
    [InlineData("class A { } // " + Later + ": finish")]
    [InlineData("/* " + Later + " */ class A;")]
    [InlineData("class A { void M() => throw new NotImplementedException(); }")]
    [InlineData("class A { void M() => throw new System.NotImplementedException(\"x\"); }")]
    [InlineData("class LeaseManager;")]
    [InlineData("static class PathUtils;")]
    [InlineData("record struct NameHelper;")]
    [InlineData("unsafe class A;")]
    [InlineData("class A { [LibraryImport(\"c\")] static partial int close(int fd); }")]
    [InlineData("class A { [DllImport(\"c\")] static extern int close(int fd); }")]
    [InlineData("class A { void M() { try { } catch (Exception) { } } }")]
    public void A_banned_form_is_found(string text) => Assert.Single(Check("Grains/A.cs", text));

    [Theory]
    [InlineData("#pragma warning disable CA1000 // the type argument picks the codec\nclass A;")]
    [InlineData("// The type argument picks the codec.\n#pragma warning disable CA1000\nclass A;")]
    [InlineData("#pragma warning disable CA1000 // why\nclass A;\n#pragma warning restore CA1000")]
    [InlineData("class A { System.Type t = typeof(NotImplementedException); }")]
    [InlineData("class Managers2; class HelperLease; class Utilization;")]
    [InlineData("class A { string s = \"" + Later + "\"; }")]
    [InlineData("class A { void M() { try { } catch (Exception) { /* closing: nobody is left to tell */ } } }")]
    [InlineData("class A { void M() { try { } catch (Exception) { Fail(); } } }")]
    public void Another_form_passes(string text) => Assert.Empty(Check("Grains/A.cs", text));

    [Theory]
    [InlineData("Platform/A.cs", 0)]
    [InlineData("Reduction/A.cs", 1)]
    [InlineData("Fuse/Abi/A.cs", 1)]
    [InlineData("Fuse/A.cs", 2)]
    public void Unsafe_code_and_interop_have_their_homes(string path, int violations)
    {
        const string Text = "unsafe class A { [LibraryImport(\"c\")] static partial int close(int fd); }";
        Assert.Equal(violations, Check(path, Text).Count());
    }

    private static IEnumerable<string> Check(string path, string text) =>
        BannedSyntax.Check(new SourceFile(path, text));
}
