namespace Orleans.Runtime
{
    /// <summary>A failure of the runtime.</summary>
    [GenerateSerializer, Alias("Orleans.OrleansException")]
    public class OrleansException : Exception
    {
        /// <summary>Creates the exception.</summary>
        public OrleansException()
            : base("Unexpected error.")
        {
        }

        /// <summary>Creates the exception.</summary>
        public OrleansException(string message)
            : base(message)
        {
        }

        /// <summary>Creates the exception.</summary>
        public OrleansException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>A call was turned away before it ran.</summary>
    [GenerateSerializer, Alias("Orleans.OrleansMessageRejectionException")]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message)
            : base(message)
        {
        }

        internal OrleansMessageRejectionException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The silo that should answer is gone; whether the call ran is unknown.</summary>
    [GenerateSerializer, Alias("Orleans.SiloUnavailableException")]
    public sealed class SiloUnavailableException : OrleansMessageRejectionException
    {
        /// <summary>Creates the exception.</summary>
        public SiloUnavailableException()
            : base("Silo unavailable")
        {
        }

        /// <summary>Creates the exception.</summary>
        public SiloUnavailableException(string message)
            : base(message)
        {
        }

        /// <summary>Creates the exception.</summary>
        public SiloUnavailableException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>A bound was reached: overloaded, try again later.</summary>
    [GenerateSerializer, Alias("Orleans.LimitExceededException")]
    public sealed class LimitExceededException : OrleansException
    {
        /// <summary>Creates the exception.</summary>
        public LimitExceededException()
            : base("Limit exceeded")
        {
        }

        /// <summary>Creates the exception.</summary>
        public LimitExceededException(string message)
            : base(message)
        {
        }

        /// <summary>Creates the exception.</summary>
        public LimitExceededException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }

    /// <summary>The client that an observer lives in is gone.</summary>
    [GenerateSerializer, Alias("Orleans.ClientNotAvailableException")]
    public sealed class ClientNotAvailableException : OrleansException
    {
        internal ClientNotAvailableException(string message)
            : base(message)
        {
        }
    }

    /// <summary>The configuration cannot work.</summary>
    public sealed class OrleansConfigurationException : Exception
    {
        /// <summary>Creates the exception.</summary>
        public OrleansConfigurationException(string message)
            : base(message)
        {
        }

        /// <summary>Creates the exception.</summary>
        public OrleansConfigurationException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }
}

namespace Orleans.Storage
{
    using Orleans.Runtime;

    /// <summary>Someone else has written a grain's state since it was read.</summary>
    [GenerateSerializer, Alias("Orleans.InconsistentStateException")]
    public class InconsistentStateException : OrleansException
    {
        /// <summary>Creates the exception.</summary>
        public InconsistentStateException()
        {
        }

        /// <summary>Creates the exception.</summary>
        public InconsistentStateException(string message)
            : base(message)
        {
        }

        /// <summary>Creates the exception.</summary>
        public InconsistentStateException(string errorMsg, string storedEtag, string currentEtag)
            : base($"{errorMsg} (stored etag {storedEtag}, expected {currentEtag})")
        {
            StoredEtag = storedEtag;
            CurrentEtag = currentEtag;
        }

        /// <summary>The version in the store.</summary>
        [Id(0)]
        public string? StoredEtag { get; private set; }

        /// <summary>The version that was expected.</summary>
        [Id(1)]
        public string? CurrentEtag { get; private set; }
    }
}
