using Microsoft.Win32.SafeHandles;

namespace ClaudeFs.Platform.Interop;

/// <summary>A file descriptor, closed exactly once and never while a call uses it.</summary>
internal sealed class DescriptorHandle : SafeHandleMinusOneIsInvalid
{
    public DescriptorHandle() : base(ownsHandle: true)
    {
    }

    internal DescriptorHandle(int descriptor) : base(ownsHandle: true) => SetHandle(descriptor);

    internal int Number => (int)handle;

    protected override bool ReleaseHandle() => Libc.Close((int)handle) == 0;
}
