using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace ClaudeFs.Architecture.Tests.Rules;

/// <summary>Calls that the analyzers cannot tell by their symbol, or that are allowed in some folders only.</summary>
internal static class BannedCalls
{
    // Where threads and queues are made for everyone else.
    private static readonly string[] LoopHomes =
        ["Runtime/Scheduling/", "Platform/Loops/", "Silo/", "Cli/", "tests/", "bench/"];

    private static readonly string[] LogMethods =
        ["Log", "LogTrace", "LogDebug", "LogInformation", "LogWarning", "LogError", "LogCritical"];

    public static IEnumerable<string> Check(SourceFile file)
    {
        var semaphores = NamesOfType(file.Root, "SemaphoreSlim");
        var loggers = NamesOfType(file.Root, "ILogger");
        foreach (var call in file.Root.DescendantNodes().OfType<InvocationExpressionSyntax>())
        {
            var (receiver, method) = Parts(call);
            var isLoopHome = file.IsUnder(LoopHomes);
            if (receiver == "Thread" && method == "Sleep")
            {
                yield return file.Violation(call, "Thread.Sleep: wait for a condition");
            }

            if (!isLoopHome && receiver == "Channel" && method.StartsWith("Create", StringComparison.Ordinal))
            {
                yield return file.Violation(call, "raw Channel: its continuations belong to no loop");
            }

            if (!isLoopHome && method == "WaitAsync" && semaphores.Contains(receiver))
            {
                yield return file.Violation(call, "SemaphoreSlim.WaitAsync: its continuations belong to no loop");
            }

            if (method == "ConfigureAwait" && LeavesContext(call) && !IsSdkMethod(file, call) && !IsAwaiter(file, call))
            {
                yield return file.Violation(call, "ConfigureAwait(false) outside the SDK's public methods");
            }

            if (LogMethods.Contains(method) && (method != "Log" || loggers.Contains(receiver)) && !file.IsTestOrBench)
            {
                yield return file.Violation(call, $"{method}: log through a [LoggerMessage]");
            }
        }
    }

    // Receiver: the last name before the method's, be it a type, a field behind this. or behind ?.
    private static (string Receiver, string Method) Parts(InvocationExpressionSyntax call) => call.Expression switch
    {
        MemberAccessExpressionSyntax access => (LastName(access.Expression), access.Name.Identifier.Text),
        MemberBindingExpressionSyntax binding => (
            LastName(call.FirstAncestorOrSelf<ConditionalAccessExpressionSyntax>()?.Expression),
            binding.Name.Identifier.Text),
        SimpleNameSyntax name => ("", name.Identifier.Text),
        _ => ("", ""),
    };

    private static string LastName(ExpressionSyntax? expression) => expression switch
    {
        MemberAccessExpressionSyntax access => access.Name.Identifier.Text,
        SimpleNameSyntax name => name.Identifier.Text,
        _ => "",
    };

    private static bool LeavesContext(InvocationExpressionSyntax call)
    {
        var argument = call.ArgumentList.Arguments.FirstOrDefault()?.Expression;
        if (argument is null || argument.IsKind(SyntaxKind.FalseLiteralExpression)) return true;
        var options = argument.ToString();
        return options.Contains("ConfigureAwaitOptions", StringComparison.Ordinal)
            && !options.Contains("ContinueOnCapturedContext", StringComparison.Ordinal);
    }

    // The runtime takes awaiters into its own hands to say itself where a turn goes on.
    private static bool IsAwaiter(SourceFile file, InvocationExpressionSyntax call) => file.IsUnder("Runtime/")
        && call.Parent is MemberAccessExpressionSyntax { Name.Identifier.Text: "GetAwaiter" };

    private static bool IsSdkMethod(SourceFile file, SyntaxNode call)
    {
        var method = call.FirstAncestorOrSelf<MethodDeclarationSyntax>();
        return file.IsUnder("Client/") && method is not null && method.Modifiers.Any(SyntaxKind.PublicKeyword)
            && method.Ancestors().OfType<TypeDeclarationSyntax>()
                .All(type => type.Modifiers.Any(SyntaxKind.PublicKeyword));
    }

    // Fields, properties, parameters and locals of a type, also those declared by var and new.
    private static HashSet<string> NamesOfType(SyntaxNode root, string type)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in root.DescendantNodes())
        {
            switch (node)
            {
                case VariableDeclarationSyntax variables:
                    names.UnionWith(variables.Variables
                        .Where(variable => Is(variables.Type, type) || IsNew(variable.Initializer?.Value, type))
                        .Select(variable => variable.Identifier.Text));
                    break;
                case PropertyDeclarationSyntax property when Is(property.Type, type):
                    names.Add(property.Identifier.Text);
                    break;
                case ParameterSyntax { Type: { } of } parameter when Is(of, type):
                    names.Add(parameter.Identifier.Text);
                    break;
            }
        }

        return names;
    }

    private static bool IsNew(ExpressionSyntax? value, string type) =>
        value is ObjectCreationExpressionSyntax creation && Is(creation.Type, type);

    private static bool Is(TypeSyntax of, string type)
    {
        var name = of is NullableTypeSyntax nullable ? nullable.ElementType : of;
        if (name is QualifiedNameSyntax qualified) name = qualified.Right;
        return name is SimpleNameSyntax simple && simple.Identifier.Text == type;
    }
}
