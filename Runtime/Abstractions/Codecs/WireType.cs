namespace OrleansCodeGen.Support;

/// <summary>How a value's bytes are laid out, so that a reader can skip what it does not know.</summary>
public enum WireType
{
    /// <summary>One LEB128 number, at most ten bytes.</summary>
    Varint = 0,

    /// <summary>Four bytes, little endian.</summary>
    Fixed32 = 1,

    /// <summary>Eight bytes, little endian.</summary>
    Fixed64 = 2,

    /// <summary>A varint length and that many bytes.</summary>
    Bytes = 3,

    /// <summary>Fields, each a tag and a value, ended by a zero tag.</summary>
    Group = 4,

    /// <summary>A varint count, one byte for the elements' wire type, the elements.</summary>
    Sequence = 5,

    /// <summary>One byte: 0 for null, else 1 + the wire type of the value that follows.</summary>
    Optional = 6,

    /// <summary>A varint length and the type's alias in UTF-8 (empty: the declared type), one byte wire type, the
    /// value.</summary>
    Typed = 7,
}
