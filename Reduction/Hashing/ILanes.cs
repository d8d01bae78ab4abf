namespace ClaudeFs.Reduction.Hashing;

/// <summary>
/// The arithmetic of <see cref="Blake3Kernel{TVector,TLanes}"/> on a register of <see cref="Count"/> words, one a lane.
/// Implementations are empty structs: the compiler makes one straight-line kernel of each.
/// </summary>
internal unsafe interface ILanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Lanes in a register.</summary>
    static abstract int Count { get; }

    /// <summary>The same word in every lane.</summary>
    static abstract TVector Broadcast(uint value);

    /// <summary>A word for each lane, from <see cref="Count"/> consecutive ones.</summary>
    static abstract TVector Load(uint* words);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector Xor(TVector left, TVector right);

    static abstract TVector Or(TVector left, TVector right);

    static abstract TVector And(TVector left, TVector right);

    /// <summary>All bits of a lane where its words are equal, none where not.</summary>
    static abstract TVector Equal(TVector left, TVector right);

    /// <summary>All bits of a lane where left is above right (both below 2^31), none where not.</summary>
    static abstract TVector Above(TVector left, TVector right);

    /// <summary>Per lane the first where the mask's bits are set, else the second.</summary>
    static abstract TVector Select(TVector mask, TVector ifSet, TVector ifClear);

    static abstract TVector RotateRight16(TVector value);

    static abstract TVector RotateRight12(TVector value);

    static abstract TVector RotateRight8(TVector value);

    static abstract TVector RotateRight7(TVector value);

    /// <summary>
    /// Turns the 64-byte blocks at <paramref name="offset"/> of <see cref="Count"/> sources into 16 registers, one for
    /// each message word.
    /// </summary>
    static abstract void LoadBlocks(ulong* sources, int offset, TVector* words);

    /// <summary>Writes the eight words of the first <paramref name="count"/> lanes, 32 bytes a lane.</summary>
    static abstract void StoreChainingValues(TVector* values, byte* output, int count);
}
