#!/usr/bin/env python3
"""Extracts the files of an unmounted data directory of ClaudeFS: reader.py DATA DESTINATION

Written from docs/spec alone (data-directory.md, log.md, segment.md), to show that the pages are enough. It changes
nothing in DATA. A format that it does not know, and damage, end it with one line and exit code 1.
"""
import os
import shutil
import sqlite3
import struct
import sys
import tempfile

BLOCK = 4096
SLOT = 64
EXTENT = 1 << 20
ROOT = 1
INODE, DENTRY, EXTENTS, INLINE, XATTR = 1, 2, 3, 4, 5
S_IFMT, S_IFDIR, S_IFREG, S_IFLNK, S_IFIFO, S_IFSOCK = 0xF000, 0x4000, 0x8000, 0xA000, 0x1000, 0xC000
ATTRIBUTES = ("inode", "generation", "mode", "nlink", "uid", "gid", "rdev", "size", "allocated",
              "atime", "mtime", "ctime", "btime", "change")


class Refused(Exception):
    """Another format, or damage."""


def make_crc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return table


CRC_TABLE = make_crc_table()


def crc32c(data):
    crc, table = 0xFFFFFFFF, CRC_TABLE
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def check_version(what, found, known):
    if found not in (known if isinstance(known, tuple) else (known,)):
        raise Refused(f"{what} has version {found}; this reader knows {known}")


class Bytes:
    """A record's fields, one after the other."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def rest(self):
        return len(self.data) - self.at

    def take(self, count):
        if count > self.rest():
            raise Refused("a record ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def varint(self):
        value = shift = 0
        while True:
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def bytes(self):
        return self.take(self.varint())


def read_attributes(source, origin):
    values = [source.varint() for _ in range(9)] + [source.signed() + origin for _ in range(4)] + [source.varint()]
    return dict(zip(ATTRIBUTES, values))


def read_pieces(source):
    pieces = []
    for _ in range(source.varint()):
        kind = source.number(1)
        piece = {"kind": kind & 0x7F, "offset": source.varint(), "length": source.varint(), "skip": 0}
        if piece["kind"] > 4:
            raise Refused(f"a piece of kind {piece['kind']}, which this reader does not know")
        if piece["kind"] in (1, 2):
            piece["codec"] = source.number(1)
            piece["location"] = (source.varint(), source.varint())
            piece["stored"], piece["skip"], piece["checksum"] = source.varint(), source.varint(), source.number(4)
            if kind & 0x80:
                source.take(32)
        pieces.append(piece)
    return pieces


def splice(before, updates):
    """The pieces of an extent after updates replaced what they cover."""
    for update in updates:
        begin, end = update["offset"], update["offset"] + update["length"]
        after = []
        for piece in before:
            first, last = piece["offset"], piece["offset"] + piece["length"]
            if first < begin:
                after.append({**piece, "length": min(last, begin) - first})
            if last > end:
                cut = max(end - first, 0)
                after.append({**piece, "offset": first + cut, "length": last - first - cut, "skip": piece["skip"] + cut})
        if update["kind"] != 0:
            after.append(update)
        before = sorted(after, key=lambda piece: piece["offset"])
    return before


class Device:
    """The superblock and what it says lies where; the log's appends; stored items."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "rb")
        self.superblock = self.read_superblock()
        self.places = self.read_segment_table()

    def read(self, offset, count):
        self.file.seek(offset)
        return self.file.read(count)

    def read_superblock(self):
        copies, faults = [], []
        for offset in (0, 512 << 10):
            page = self.read(offset, BLOCK)
            if page[:8] != b"ClaudeFS" or crc32c(page[:-4]) != struct.unpack_from("<I", page, 4092)[0]:
                faults.append(f"{self.path}: offset {offset}: no superblock, or a damaged one")
                continue
            check_version(f"{self.path}: the superblock", struct.unpack_from("<I", page, 8)[0], 1)
            names = ("sequence", "open_count", "segment_bytes", "log_offset", "log_bytes", "zones_offset", "zone_bytes",
                     "capacity", "written")
            copies.append(dict(zip(names, struct.unpack_from("<QII6q", page, 40)), file_system=page[16:32]))
        if not copies:
            raise Refused("; ".join(faults))
        return max(copies, key=lambda copy: copy["sequence"])

    def read_segment_table(self):
        """Place on the device of each segment; damaged entries are places of nobody."""
        sb, places, number = self.superblock, {}, 0
        per_zone = sb["zone_bytes"] // sb["segment_bytes"] - 1
        self.place_offset = lambda place: sb["zones_offset"] + place // per_zone * sb["zone_bytes"] \
            + (1 + place % per_zone) * sb["segment_bytes"]
        for zone in range(sb["zones_offset"], sb["written"], sb["zone_bytes"]):
            frames = min(sb["zone_bytes"], sb["written"] - zone) // sb["segment_bytes"]
            table = self.read(zone, 64 * max(frames - 1, 0))
            for i in range(frames - 1):
                entry = table[64 * i:64 * i + 64]
                magic, version, state = struct.unpack_from("<IBB", entry)
                segment, _, place = struct.unpack_from("<QQI", entry, 8)
                if magic and crc32c(entry[:60]) == struct.unpack_from("<I", entry, 60)[0] and place == number:
                    check_version(f"{self.path}: the segment table", version, 1)
                    if state in (1, 2):
                        places[segment] = number
                number += 1
        return places

    def read_log(self, offset, count):
        """Bytes of the ring at a position."""
        sb = self.superblock
        offset %= sb["log_bytes"]
        first = min(count, sb["log_bytes"] - offset)
        return self.read(sb["log_offset"] + offset, first) + self.read(sb["log_offset"], count - first)

    def appends(self, file_system, number, position):
        """(number, flushed number, parts, body) of the appends from a tail on."""
        used = 0
        while used + BLOCK <= self.superblock["log_bytes"]:
            header = self.read_log(position, 80)
            magic, version, size, parts, owner, append, at, flushed, _, body_bytes, checksum = struct.unpack_from(
                "<8sHHIQQqQqII", header)
            if magic != b"CFSLOG1\0" or crc32c(header[:76]) != struct.unpack_from("<I", header, 76)[0]:
                return
            check_version(f"{self.path}: the log", version, 1)
            if (owner, append, at) != (file_system, number, position):
                return
            body = self.read_log(position + size, body_bytes)
            if crc32c(body) != checksum:
                return
            yield append, flushed, parts, body
            padded = (size + body_bytes + BLOCK - 1) // BLOCK * BLOCK
            number, position, used = number + 1, position + padded, used + padded


class Reader:
    """The rows after the log was put over the tables, and the files that they make."""

    def __init__(self, data):
        self.copies = tempfile.TemporaryDirectory()
        self.device = Device(os.path.join(data, "device.cfs"))
        self.moved, self.row_places = self.read_index(self.open_copy(data, "blocks.db"))
        self.rows = {kind: {} for kind in (INODE, DENTRY, EXTENTS, INLINE, XATTR)}
        tables = self.open_copy(data, "meta.db")
        self.read_tables(tables)
        self.replay(tables)
        self.entries = {}
        for entry in self.rows[DENTRY].values():
            self.entries.setdefault(entry["directory"], []).append(entry)
        self.xattrs = {}
        for xattr in self.rows[XATTR].values():
            self.xattrs.setdefault(xattr["inode"], []).append(xattr)
        self.extents = {}
        for (_, inode, index), pieces in self.rows[EXTENTS].items():
            self.extents.setdefault(inode, []).append((index, pieces))

    def open_copy(self, data, name):
        """SQLite takes in a -wal by writing to the database: a copy."""
        for suffix in ("", "-wal"):
            if os.path.exists(os.path.join(data, name + suffix)):
                shutil.copy(os.path.join(data, name + suffix), self.copies.name)
        database = sqlite3.connect(os.path.join(self.copies.name, name))
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if version != 1:    # 2 is 1 with checksums in the reserved bytes of the pages
            check_version(os.path.join(data, name), version, 2)
        return database

    def read_index(self, database):
        """Where items lie that compaction moved, and the places that the rows name."""
        moved, places = {}, {}
        for segment, place, items in database.execute("SELECT id, place, items FROM segment"):
            if crc32c(items[:-4]) != struct.unpack_from("<I", items, len(items) - 4)[0]:
                raise Refused(f"blocks.db: the row of segment {segment} is damaged")
            check_version("an item list of blocks.db", items[0], 1)
            places[segment] = place
            for at in range(8, 8 + 28 * struct.unpack_from("<I", items, 4)[0], 28):
                slot, _, _, _, host, host_slot = struct.unpack_from("<IIIiQI", items, at)
                if host:
                    moved[(segment, slot)] = (host, host_slot)
        return moved, places

    def read_tables(self, database):
        self.file_system = int.from_bytes(
            database.execute("SELECT value FROM setting WHERE name = 'cluster.filesystem'").fetchone()[0], "little")
        level = database.execute("SELECT value FROM setting WHERE name = 'cluster.level'").fetchone()[0]
        check_version("the data directory", int.from_bytes(level, "little"), (1, 2))
        if self.file_system != int.from_bytes(self.device.superblock["file_system"][8:], "big"):
            raise Refused("device.cfs and meta.db belong to two file systems")
        rows = self.rows
        database.row_factory = sqlite3.Row
        for row in database.execute("SELECT * FROM inode"):
            rows[INODE][(row["shard"], row["inode"], 0)] = {name: row[name] for name in ATTRIBUTES}
        for row in database.execute("SELECT * FROM dentry"):
            rows[DENTRY][(row["shard"], row["parent"], row["cookie"])] = {
                "directory": row["parent"], "name": row["name"], "child": row["child"]}
        for row in database.execute("SELECT * FROM extent"):
            rows[EXTENTS][(row["shard"], row["inode"], row["idx"])] = read_pieces(Bytes(row["pieces"]))
        for row in database.execute("SELECT * FROM inline"):
            rows[INLINE][(row["shard"], row["inode"], 0)] = row["bytes"]
        for row in database.execute("SELECT * FROM xattr"):
            rows[XATTR][(row["shard"], row["inode"], row["name_key"])] = {
                "inode": row["inode"], "name": row["name"], "value": row["value"]}

    def replay(self, database):
        checkpoint = database.execute("SELECT append, tail_append, tail_position FROM checkpoint").fetchone()
        held = []
        for append in self.device.appends(self.file_system, checkpoint[1], checkpoint[2]):
            held.append(append)
        # Whether the last one was flushed nobody says: it counts if all that it newly refers to is there.
        if held and not all(self.verifies(reference) for _, operation in self.operations(*held[-1][2:])
                            for reference in self.read_head(operation)):
            held.pop()
        self.replayed = sum(append[0] > checkpoint[0] for append in held)
        for append, _, parts, body in held:
            if append <= checkpoint[0]:
                continue
            for shard, operation in self.operations(parts, body):
                self.read_head(operation)
                while operation.rest():
                    self.apply_change(shard, operation)

    @staticmethod
    def operations(parts, body):
        source = Bytes(body)
        for _ in range(parts):
            shard, _, count, _, _ = struct.unpack("<HHIQQ", source.take(24))
            for _ in range(count):
                yield shard, Bytes(source.take(source.number(4)))

    @staticmethod
    def read_head(source):
        """What the operation newly refers to; its changes are next."""
        kind, version = source.number(1), source.number(1)
        check_version(f"an operation of kind {kind}", version, 1)
        if not 1 <= kind <= 21:
            raise Refused(f"an operation of kind {kind}, which this reader does not know")
        source.take(16)
        for _ in range(4):
            source.varint()
        if source.number(1):
            source.bytes()
        references = []
        for _ in range(source.varint()):
            location, stored, checksum = (source.varint(), source.varint()), source.varint(), source.number(4)
            if source.signed() > 0:
                references.append((location, stored, checksum))
        return references

    def apply_change(self, shard, source):
        kind = source.number(1)
        if kind == 1:
            self.apply_row(shard, source)
        elif kind == 2:
            row, owner, item = source.number(1), source.signed(), source.signed()
            self.rows.get(row, {}).pop((shard, owner, item), None)
        elif kind == 3:
            key = (shard, source.varint(), source.varint())
            pieces = splice(self.rows[EXTENTS].pop(key, []), read_pieces(source))
            if pieces:
                self.rows[EXTENTS][key] = pieces
        elif kind == 4:
            for _ in range(3):
                source.signed()
        else:
            raise Refused(f"a change of kind {kind}, which this reader does not know")

    def apply_row(self, shard, source):
        kind, version = source.number(1), source.number(1)
        check_version(f"a row of kind {kind}", version, 1)
        stamp = source.number(8)
        if kind == INODE:
            row = read_attributes(source, stamp)
            source.varint()
            self.rows[INODE][(shard, row["inode"], 0)] = row
        elif kind == DENTRY:
            directory, cookie, child, _ = source.varint(), source.number(8), source.varint(), source.number(1)
            self.rows[DENTRY][(shard, directory, cookie)] = {
                "directory": directory, "name": source.bytes(), "child": child}
        elif kind == EXTENTS:
            inode, index = source.varint(), source.varint()
            self.rows[EXTENTS][(shard, inode, index)] = read_pieces(source)
        elif kind == INLINE:
            inode = source.varint()
            self.rows[INLINE][(shard, inode, 0)] = source.bytes()
        elif kind == XATTR:
            inode, key = source.varint(), source.varint()
            self.rows[XATTR][(shard, inode, key)] = {"inode": inode, "name": source.bytes(), "value": source.bytes()}
        else:
            self.skip_row(kind, source)

    @staticmethod
    def skip_row(kind, source):
        """Rows that no file is made of."""
        if kind == 6:
            source.varint()
            source.take(8 * source.varint())
        elif kind == 7:
            source.take(8), source.bytes(), source.take(1)
        elif kind == 8:
            source.take(8)
        elif kind == 9:
            source.take(8), source.varint(), source.take(1), source.bytes()
        elif kind in (10, 11):
            source.varint(), source.varint(), source.varint()
        elif kind == 12:
            source.take(2), source.varint(), source.take(1)
        else:
            raise Refused(f"a row of kind {kind}, which this reader does not know")

    def read_item(self, location, stored):
        segment, slot = self.moved.get(location, location)
        place = self.device.places.get(segment, self.row_places.get(segment, -1))
        return b"" if place < 0 else self.device.read(self.device.place_offset(place) + slot * SLOT, stored)

    def verifies(self, reference):
        location, stored, checksum = reference
        return crc32c(self.read_item(location, stored)) == checksum

    def content(self, inode):
        """Whole content of a file, or a symlink's target."""
        size, key = inode["size"], (inode["inode"] >> 40, inode["inode"], 0)
        result = bytearray(size)
        inline = self.rows[INLINE].get(key, b"")[:size]
        result[:len(inline)] = inline
        for index, pieces in self.extents.get(inode["inode"], ()):
            for piece in pieces:
                if piece["kind"] == 4:
                    raise Refused(f"inode {inode['inode']}: content that is recorded as lost")
                if piece["kind"] not in (1, 2):
                    continue
                if piece["codec"] != 0:
                    raise Refused(f"inode {inode['inode']}: codec {piece['codec']}, which this reader does not know")
                stored = self.read_item(piece["location"], piece["stored"])
                if crc32c(stored) != piece["checksum"]:
                    raise Refused(f"inode {inode['inode']}: damaged content at {piece['location']}")
                begin = index * EXTENT + piece["offset"]
                part = stored[piece["skip"]:piece["skip"] + piece["length"]][:max(size - begin, 0)]
                result[begin:begin + len(part)] = part
        return bytes(result)

    def extract(self, destination):
        self.made = {}
        os.makedirs(destination, exist_ok=True)
        self.extract_inode(ROOT, os.fsencode(destination))
        return len(self.made)

    def extract_inode(self, number, path):
        if number in self.made:
            os.link(self.made[number], path, follow_symlinks=False)
            return
        self.made[number] = path
        inode = self.rows[INODE][(number >> 40, number, 0)]
        kind = inode["mode"] & S_IFMT
        if kind == S_IFDIR:
            os.makedirs(path, exist_ok=True)
            for entry in self.entries.get(number, ()):
                self.extract_inode(entry["child"], os.path.join(path, entry["name"]))
        elif kind == S_IFLNK:
            os.symlink(self.content(inode), path)
        elif kind == S_IFREG:
            with open(path, "wb") as file:
                file.write(self.content(inode))
        else:
            rdev = inode["rdev"]
            os.mknod(path, inode["mode"], os.makedev(rdev >> 8 & 0xFFF, rdev & 0xFF | rdev >> 12 & 0xFFF00))
        self.set_attributes(inode, path)

    def set_attributes(self, inode, path):
        os.chown(path, inode["uid"], inode["gid"], follow_symlinks=False)
        if inode["mode"] & S_IFMT != S_IFLNK:
            os.chmod(path, inode["mode"] & 0o7777)
        for xattr in self.xattrs.get(inode["inode"], ()):
            os.setxattr(path, xattr["name"], xattr["value"], follow_symlinks=False)
        os.utime(path, ns=(inode["atime"], inode["mtime"]), follow_symlinks=False)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        reader = Reader(sys.argv[1])
        count = reader.extract(sys.argv[2])
    except Refused as fault:
        sys.exit(f"reader: {fault}")
    print(f"{count} inodes, {reader.replayed} appends replayed")


if __name__ == "__main__":
    main()
