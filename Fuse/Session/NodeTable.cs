using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ClaudeFs.Primitives;

namespace ClaudeFs.Fuse.Session;

/// <summary>
/// How many references the kernel holds to each inode (nlookup): one for every reply that named it, given back by
/// FORGET. Locks: one a stripe, nothing is called under it.
/// </summary>
internal sealed class NodeTable
{
    private const int Stripes = 32;
    private readonly Dictionary<ulong, ulong>[] _counts = new Dictionary<ulong, ulong>[Stripes];

    internal NodeTable()
    {
        for (var i = 0; i < Stripes; i++) _counts[i] = [];
    }

    /// <summary>Inodes that the kernel knows, without the root.</summary>
    internal int Count
    {
        get
        {
            var count = 0;
            foreach (var stripe in _counts)
            {
                lock (stripe) count += stripe.Count;
            }

            return count;
        }
    }

    /// <summary>Counts a reference; before the reply leaves, because FORGET may follow it at once.</summary>
    internal void Add(InodeId inode)
    {
        if (inode == InodeId.Root) return;
        var stripe = StripeOf(inode);
        lock (stripe) CollectionsMarshal.GetValueRefOrAddDefault(stripe, inode.Value, out _)++;
    }

    /// <summary>Gives references back; true when none is left. More than were counted leave none.</summary>
    internal bool Remove(InodeId inode, ulong count)
    {
        if (inode == InodeId.Root) return false;
        var stripe = StripeOf(inode);
        lock (stripe)
        {
            ref var held = ref CollectionsMarshal.GetValueRefOrNullRef(stripe, inode.Value);
            if (Unsafe.IsNullRef(ref held)) return false;
            if (held > count)
            {
                held -= count;
                return false;
            }

            return stripe.Remove(inode.Value);
        }
    }

    /// <summary>Whether the kernel may have the inode.</summary>
    internal bool Contains(InodeId inode)
    {
        if (inode == InodeId.Root) return true;
        var stripe = StripeOf(inode);
        lock (stripe) return stripe.ContainsKey(inode.Value);
    }

    // The low bits of an inode number count upwards.
    private Dictionary<ulong, ulong> StripeOf(InodeId inode) => _counts[inode.Value % Stripes];
}
