#!/usr/bin/env python3
"""A tree with everything that a file system holds, and what can be seen of a tree.

tree.py make ROOT PART    makes part 1 or 2 (which changes part 1)
tree.py settle ROOT       sets the times of part 2 again and makes all durable: work for the log, no other change
tree.py list ROOT         prints one line an entry: path, type, mode, owner, size, mtime, link group, content, xattrs
"""
import hashlib
import os
import stat
import sys


def content(name, size):
    return (hashlib.sha256(name.encode()).digest() * (size // 32 + 1))[:size]


def write(path, data, mode=0o644, at=0):
    fd = os.open(path, os.O_CREAT | os.O_WRONLY, mode)
    os.pwrite(fd, data, at)
    os.fchmod(fd, mode)
    os.close(fd)


def make_first(root):
    for directory in ("a", "a/b", "a/b/c", "empty", "many", "sticky"):
        os.mkdir(f"{root}/{directory}")
    os.chmod(f"{root}/sticky", 0o1777)
    for size in (0, 1, 100, 4095, 4096, 4097, 65536, 65537, 300000, 1048576, 1100000):
        write(f"{root}/a/size-{size}", content(f"size-{size}", size))
    for i in range(60):
        write(f"{root}/many/entry-{i:03}", content(f"many-{i}", i * 7))
    write(os.fsencode(root) + b"/a/b/\xff\xfe not UTF-8 \n", b"name of bytes")
    write(f"{root}/a/b/{'n' * 255}", b"longest name")
    write(f"{root}/a/b/set-user-id", b"#!/bin/sh\n", 0o4755)
    write(f"{root}/a/hole", content("after the hole", 5000), at=3 << 20)
    os.truncate(f"{root}/a/hole", (5 << 20) + 17)
    os.symlink("../a/size-100", f"{root}/a/b/link")
    os.symlink("t" * 4000, f"{root}/a/b/long-link")
    os.link(f"{root}/a/size-4097", f"{root}/a/b/c/hard")
    os.mkfifo(f"{root}/a/b/fifo", 0o600)
    os.setxattr(f"{root}/a/size-100", "user.kind", b"small\0value")
    os.setxattr(f"{root}/a/b", "user.directory", bytes(range(256)))
    if os.geteuid() == 0:
        os.chown(f"{root}/a/size-1", 1234, 70000)
        os.mknod(f"{root}/a/b/device", stat.S_IFCHR | 0o640, os.makedev(1, 3))
        os.mknod(f"{root}/a/b/large-device", stat.S_IFBLK | 0o640, os.makedev(259, 1000))
    settle(root, 1)


def make_second(root):
    """Overwrites, truncates, renames, unlinks: what the log then says differs from the tables."""
    write(f"{root}/a/size-300000", content("middle", 10000), at=123_456)
    write(f"{root}/a/size-1048576", content("first", 4096), at=8192)
    write(f"{root}/a/size-1100000", content("over the border", 200_000), at=1_000_000)
    write(f"{root}/a/size-100", content("grown", 5000), at=50)
    os.truncate(f"{root}/a/size-65537", 30_001)
    os.truncate(f"{root}/a/size-65537", 50_000)
    os.truncate(f"{root}/a/size-4095", 10)
    fd = os.open(f"{root}/a/size-65536", os.O_WRONLY)
    os.posix_fallocate(fd, 100_000, 50_000)
    os.close(fd)
    for i in range(0, 60, 3):
        os.unlink(f"{root}/many/entry-{i:03}")
    os.rename(f"{root}/many/entry-001", f"{root}/a/b/c/moved")
    os.rename(f"{root}/a/b/c", f"{root}/empty/c")
    os.rename(f"{root}/a/size-0", f"{root}/a/size-1")
    os.removexattr(f"{root}/a/size-100", "user.kind")
    os.setxattr(f"{root}/a/hole", "user.late", b"x" * 3000)
    os.link(f"{root}/a/hole", f"{root}/hole-too")
    settle(root, 2)


def settle(root, part):
    """Times that follow from the names, with nanoseconds and some before 1970; then all of it on stable storage."""
    paths = [b"."] + sorted(find(os.fsencode(root)))
    for path in paths:
        number = int.from_bytes(hashlib.sha256(path).digest()[:8], "little", signed=True) // 16 + part
        os.utime(os.path.join(os.fsencode(root), path), ns=(0, number), follow_symlinks=False)
    for path in paths:
        path = os.path.join(os.fsencode(root), path)
        if stat.S_IFMT(os.lstat(path).st_mode) in (stat.S_IFREG, stat.S_IFDIR):
            fd = os.open(path, os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)


def find(root):
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            yield os.path.relpath(os.path.join(directory, name), root)


def describe(path, name, groups):
    at = os.lstat(path)
    kind = stat.S_IFMT(at.st_mode)
    if kind == stat.S_IFREG:
        with open(path, "rb") as file:
            what = hashlib.sha256(file.read()).hexdigest()
    elif kind == stat.S_IFLNK:
        what = repr(os.readlink(path))
    else:
        what = f"{os.major(at.st_rdev)}:{os.minor(at.st_rdev)}" if kind in (stat.S_IFCHR, stat.S_IFBLK) else "-"
    links = "-" if kind == stat.S_IFDIR else f"{at.st_nlink}:{groups.setdefault(at.st_ino, name)!r}"
    xattrs = {} if kind == stat.S_IFLNK else {n: os.getxattr(path, n) for n in sorted(os.listxattr(path))}
    size = "-" if kind == stat.S_IFDIR else at.st_size
    return f"{name!r} {at.st_mode:o} {at.st_uid}:{at.st_gid} {size} {at.st_mtime_ns} {links} {what} {xattrs}"


def walk(root):
    root = os.fsencode(root)
    groups = {}
    for name in sorted([b".", *find(root)]):
        print(describe(os.path.join(root, name), name, groups))


def main():
    match sys.argv[1:]:
        case ["make", root, "1"]: make_first(root)
        case ["make", root, "2"]: make_second(root)
        case ["settle", root]: settle(root, 2)
        case ["list", root]: walk(root)
        case _: sys.exit(__doc__)


if __name__ == "__main__":
    main()
