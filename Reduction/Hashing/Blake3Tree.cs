using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ClaudeFs.Reduction.Hashing;

/// <summary>
/// BLAKE3's binary tree over chunks, worked off level by level so that the kernel's lanes stay full. Allocates nothing.
/// Source: BLAKE3 paper, section 2.1.
/// </summary>
/// <remarks>Unsafe: the kernel takes addresses; the input is pinned for the length of a call.</remarks>
internal readonly unsafe ref struct Blake3Tree(ReadOnlySpan<uint> key, uint flags, Blake3Tier tier)
{
    // Chunks of a subtree whose chaining values are on the stack at a time: 8 KiB of them. A power of two.
    private const int GroupChunks = 256;
    private const int NodeChildren = 2;

    private readonly ReadOnlySpan<uint> _key = key;

    /// <summary>The hash of <paramref name="input"/>, to the first 32 bytes of <paramref name="hash"/>.</summary>
    public void Root(ReadOnlySpan<byte> input, Span<byte> hash)
    {
        fixed (byte* source = input, output = hash[..Blake3.HashBytes])
        {
            if (input.Length <= Blake3.ChunkBytes)
            {
                HashLastChunk(source, input.Length, 0, Blake3Flags.ChunkEnd | Blake3Flags.Root, output);
                return;
            }

            var children = stackalloc byte[NodeChildren * Blake3.HashBytes];
            Reduce(source, input.Length, 0, children, NodeChildren);
            HashParents(children, 1, output, Blake3Flags.Root);
        }
    }

    // Reduces a subtree to its root's chaining value or, for wanted = 2, its root's two children. A subtree has a chunk
    // more than wanted at least, or exactly wanted ones.
    private void Reduce(byte* source, long bytes, ulong firstChunk, byte* output, int wanted)
    {
        var chunks = (bytes + Blake3.ChunkBytes - 1) / Blake3.ChunkBytes;
        if (chunks <= GroupChunks)
        {
            ReduceGroup(source, (int)bytes, firstChunk, output, wanted);
            return;
        }

        // The left part is the largest power of two that leaves something to the right.
        var leftChunks = (long)BitOperations.RoundUpToPowerOf2((ulong)chunks) / 2;
        var leftBytes = leftChunks * Blake3.ChunkBytes;
        var children = stackalloc byte[NodeChildren * Blake3.HashBytes];
        Reduce(source, leftBytes, firstChunk, children, 1);
        Reduce(source + leftBytes, bytes - leftBytes, firstChunk + (ulong)leftChunks, children + Blake3.HashBytes, 1);
        if (wanted == NodeChildren)
        {
            Unsafe.CopyBlockUnaligned(output, children, NodeChildren * Blake3.HashBytes);
            return;
        }

        HashParents(children, 1, output, 0);
    }

    // Pairs of a level become the next one, an odd value goes up as it is: the same tree as splitting from the top.
    [SkipLocalsInit]
    private void ReduceGroup(byte* source, int bytes, ulong firstChunk, byte* output, int wanted)
    {
        var level = stackalloc byte[GroupChunks * Blake3.HashBytes];
        var count = HashChunks(source, bytes, firstChunk, level);
        while (count > wanted)
        {
            var parents = count / NodeChildren;
            HashParents(level, parents, level, 0);
            if (count % NodeChildren != 0)
            {
                var last = level + ((count - 1) * Blake3.HashBytes);
                Unsafe.CopyBlockUnaligned(level + (parents * Blake3.HashBytes), last, Blake3.HashBytes);
            }

            count = parents + (count % NodeChildren);
        }

        Unsafe.CopyBlockUnaligned(output, level, (uint)(count * Blake3.HashBytes));
    }

    // Returns the number of chunks. Precondition: some bytes.
    [SkipLocalsInit]
    private int HashChunks(byte* source, int bytes, ulong firstChunk, byte* output)
    {
        var whole = bytes / Blake3.ChunkBytes;
        var rest = bytes % Blake3.ChunkBytes;
        Unsafe.SkipInit(out LaneBatch batch);
        batch.Reset(Blake3.BlocksPerChunk, _key);
        batch.Flags = flags;
        batch.FirstFlags = Blake3Flags.ChunkStart;
        batch.LastFlags = Blake3Flags.ChunkEnd;

        var padded = stackalloc byte[Blake3.ChunkBytes];
        var total = whole + (rest == 0 ? 0 : 1);
        for (var done = 0; done < total;)
        {
            var count = Math.Min(LanesFor(total - done), total - done);
            batch.PointAt(source + (done * Blake3.ChunkBytes), Blake3.ChunkBytes, count);
            batch.NumberFrom(firstChunk + (ulong)done);
            if (rest != 0 && done + count == total)
            {
                PadLastLane(&batch, source + (whole * Blake3.ChunkBytes), rest, padded);
            }

            Run(&batch, output + (done * Blake3.HashBytes));
            done += count;
        }

        return total;
    }

    // A short chunk shares the run of the whole ones before it, from a copy that has room for whole blocks.
    private static void PadLastLane(LaneBatch* batch, byte* source, int bytes, byte* padded)
    {
        Unsafe.InitBlockUnaligned(padded, 0, Blake3.ChunkBytes);
        Unsafe.CopyBlockUnaligned(padded, source, (uint)bytes);
        var lane = batch->Count - 1;
        var lastBlock = bytes == 0 ? 0 : (bytes - 1) / Blake3.BlockBytes;
        batch->LastBlock[lane] = (uint)lastBlock;
        batch->LastBytes[lane] = (uint)(bytes - (lastBlock * Blake3.BlockBytes));

        // Lanes not in use point at the first one, which may itself be the short one.
        for (var i = 0; i < LaneBatch.LanesMax; i++)
        {
            if (i >= lane) batch->Sources[i] = (ulong)padded;
        }

        if (batch->Count == 1) batch->Blocks = lastBlock + 1;
    }

    [SkipLocalsInit]
    private void HashLastChunk(byte* source, int bytes, ulong number, uint lastFlags, byte* output)
    {
        Unsafe.SkipInit(out LaneBatch batch);
        batch.Reset(Blake3.BlocksPerChunk, _key);
        batch.Flags = flags;
        batch.FirstFlags = Blake3Flags.ChunkStart;
        batch.LastFlags = lastFlags;
        batch.PointAt(source, Blake3.ChunkBytes, 1);
        batch.NumberFrom(number);
        var padded = stackalloc byte[Blake3.ChunkBytes];
        if (bytes < Blake3.ChunkBytes) PadLastLane(&batch, source, bytes, padded);
        Run(&batch, output);
    }

    // children and output may be the same: a run reads all it needs before it writes, and writes behind what it reads.
    [SkipLocalsInit]
    private void HashParents(byte* children, int parents, byte* output, uint rootFlag)
    {
        Unsafe.SkipInit(out LaneBatch batch);
        batch.Reset(1, _key);
        batch.Flags = flags | Blake3Flags.Parent | rootFlag;
        batch.FirstFlags = 0;
        batch.LastFlags = 0;
        for (var done = 0; done < parents;)
        {
            var count = Math.Min(LanesFor(parents - done), parents - done);
            batch.PointAt(children + (done * Blake3.BlockBytes), Blake3.BlockBytes, count);
            Run(&batch, output + (done * Blake3.HashBytes));
            done += count;
        }
    }

    // A wide run costs the same however few of its lanes are in use, and a single lane is fastest in general registers.
    private int LanesFor(int count)
    {
        if (count == 1 || tier == Blake3Tier.Scalar) return ScalarLane.Count;
        return count <= EightLanes.Count || tier == Blake3Tier.Vector256 ? EightLanes.Count : SixteenLanes.Count;
    }

    private void Run(LaneBatch* batch, byte* output)
    {
        switch (LanesFor(batch->Count))
        {
            case LaneBatch.LanesMax:
                Blake3Kernel<Vector512<uint>, SixteenLanes>.Run(batch, output);
                break;
            case 1:
                Blake3Kernel<uint, ScalarLane>.Run(batch, output);
                break;
            default:
                Blake3Kernel<Vector256<uint>, EightLanes>.Run(batch, output);
                break;
        }
    }
}
