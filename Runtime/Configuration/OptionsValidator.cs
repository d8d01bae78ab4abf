using Microsoft.Extensions.Options;

namespace Orleans.Configuration;

/// <summary>Checks options when the silo or client starts; the message names option, value and rule.</summary>
internal sealed class OptionsValidator
    : IValidateOptions<SiloMessagingOptions>, IValidateOptions<ClientMessagingOptions>,
    IValidateOptions<GrainCollectionOptions>, IValidateOptions<ClusterOptions>, IValidateOptions<EndpointOptions>
{
    public ValidateOptionsResult Validate(string? name, SiloMessagingOptions options) => Positive(
        options.ResponseTimeout, "SiloMessagingOptions.ResponseTimeout");

    public ValidateOptionsResult Validate(string? name, ClientMessagingOptions options) => Positive(
        options.ResponseTimeout, "ClientMessagingOptions.ResponseTimeout");

    public ValidateOptionsResult Validate(string? name, GrainCollectionOptions options)
    {
        foreach (var (value, what) in new[]
        {
            (options.CollectionAge, nameof(options.CollectionAge)),
            (options.CollectionQuantum, nameof(options.CollectionQuantum)),
            (options.ActivationTimeout, nameof(options.ActivationTimeout)),
            (options.DeactivationTimeout, nameof(options.DeactivationTimeout)),
        })
        {
            if (Positive(value, "GrainCollectionOptions." + what) is { Failed: true } failed)
            {
                return failed;
            }
        }

        return ValidateOptionsResult.Success;
    }

    public ValidateOptionsResult Validate(string? name, ClusterOptions options)
        => string.IsNullOrWhiteSpace(options.ClusterId) || string.IsNullOrWhiteSpace(options.ServiceId)
            ? ValidateOptionsResult.Fail("ClusterOptions.ClusterId and ServiceId must not be empty")
            : ValidateOptionsResult.Success;

    public ValidateOptionsResult Validate(string? name, EndpointOptions options)
        => options.SiloPort is < 0 or > 65535 || options.GatewayPort is < 0 or > 65535
            ? ValidateOptionsResult.Fail(
                $"EndpointOptions.SiloPort is {options.SiloPort}, GatewayPort {options.GatewayPort}: "
                + "both must be 0 to 65535")
            : ValidateOptionsResult.Success;

    private static ValidateOptionsResult Positive(TimeSpan value, string what)
        => value > TimeSpan.Zero
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"{what} is {value}: it must be more than zero");
}
