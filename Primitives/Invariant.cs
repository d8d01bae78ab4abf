using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace ClaudeFs.Primitives;

/// <summary>
/// Checks that stay on in release builds: at wire, disk, lease and epoch borders, where going on would spread damage.
/// </summary>
public static class Invariant
{
    /// <summary>Throws <see cref="InvariantException"/> when <paramref name="condition"/> is false.</summary>
    /// <param name="condition">What must hold.</param>
    /// <param name="expression">Filled in by the compiler: the condition's source text.</param>
    /// <param name="member">Filled in by the compiler: the member that checks.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void That([DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "", [CallerMemberName] string member = "")
    {
        if (!condition) Throw(expression, member);
    }

    // Out of line, so that a check costs its caller one compare and one branch.
    [DoesNotReturn, MethodImpl(MethodImplOptions.NoInlining)]
    private static void Throw(string expression, string member) =>
        throw new InvariantException($"Broken invariant in {member}: {expression}");
}
