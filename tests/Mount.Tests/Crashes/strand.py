#!/usr/bin/env python3
"""One strand of operations in a directory of its own, and what must be there after a crash.

strand.py DIRECTORY SEED ANSWERS. Commands on standard input: "run" begins operations, "stop" ends them and answers
"stopped ERROR OPERATIONS" ("taken-back:ERROR" where the last names may have gone with a log that failed), "check"
compares the directory with what it must be, answers "ok FILES SYNCED BYTES" or "fault ...", and takes what was found
for the truth from there on.

The model, with ANSWERS "committed": a name that was answered is there, one whose removal was answered is not; the one
operation without an answer has happened or not. With "early" the last operations since the last fsync may be missing,
of names or of anything, but none before one that is there, and nothing that was written after one that is missing.
Content is as at the last fsync, or as at any moment since.
"""
import errno
import os
import random
import sys
import threading

directory, seed, is_early = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "early"
draw = random.Random(seed)
FILES_MAX, DIRECTORIES_MAX, OPEN_MAX, FILE_BYTES_MAX = 40, 7, 4, 1 << 20
SIZES = [1, 100, 4095, 4096, 4097, 20_000, 65_536, 70_000, 70_000, 200_000]
BLOCK = 4096
TAKEN_BACK = {"ENOENT", "EEXIST", "ENOTEMPTY"}     # by a log that failed: names answered for since the last fsync


class File:
    def __init__(self):
        self.synced, self.now, self.changes, self.handle = b"", b"", [], None

    def note(self, change):
        self.now = apply(self.now, change)
        self.changes.append((len(history), change))

    def adopt(self, content):
        self.synced = self.now = content
        self.changes = []


def apply(content, change):
    offset, data = change
    if data is None:
        return content[:offset] + bytes(max(0, offset - len(content)))
    return content[:offset] + bytes(max(0, offset - len(content))) + data + content[offset + len(data):]


names = {}          # path to File, or None for a directory
history = []        # the names as they were before each operation since the last fsync
pending = None      # changes the names if the operation without an answer has happened
is_stopping = threading.Event()
last_error, operations = "none", 0


def path(name):
    return f"{directory}/{name}" if name else directory


def files():
    return [(n, f) for n, f in names.items() if f is not None]


def directories():
    return [""] + [n for n, f in names.items() if f is None]


def new_name():
    parent = draw.choice(directories())
    return f"{parent}/{draw.choice('abcdefgh')}{draw.randrange(12)}".lstrip("/")


def do(call, change):
    """The operation, and what it does to the names."""
    global pending
    pending = change
    result = call()
    history.append(dict(names))
    change(names)
    if not is_early:
        note_durable()
    pending = None
    return result


def note_durable():
    """No operation before now can be missing."""
    history.clear()
    for file in set(names.values()) - {None}:
        file.changes = [(0, change) for _, change in file.changes]


def open_file(file, name):
    if file.handle is None:
        others = [f for _, f in files() if f.handle is not None]
        if len(others) >= OPEN_MAX:
            close_file(draw.choice(others))
        file.handle = os.open(path(name), os.O_RDWR)
    return file.handle


def close_file(file):
    handle, file.handle = file.handle, None
    if handle is not None:
        os.close(handle)


def create():
    name = new_name()
    if name in names or len(names) >= FILES_MAX:
        return unlink()
    file = File()
    file.handle = do(lambda: os.open(path(name), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o644),
                     lambda t: t.update({name: file}))
    write_to(file)


def write():
    if not files():
        return create()
    name, file = draw.choice(files())
    open_file(file, name)
    write_to(file)


def write_to(file):
    size = draw.choice(SIZES)
    offset = draw.choice([0, len(file.now), draw.randrange(len(file.now) + 1), draw.randrange(8) * BLOCK])
    data = draw.randbytes(min(size, FILE_BYTES_MAX - min(offset, FILE_BYTES_MAX - 1)))
    offset = min(offset, FILE_BYTES_MAX - 1)
    file.note((offset, data))
    written = os.pwrite(file.handle, data, offset)
    if written != len(data):
        # A daemon that was killed amid a write leaves it short: then the rest is refused, as it is to any program.
        os.pwrite(file.handle, data[written:], offset + written)
        raise AssertionError(f"{written} of {len(data)} bytes were written")


def truncate():
    if not files():
        return create()
    name, file = draw.choice(files())
    size = draw.choice([0, draw.randrange(len(file.now) + 1), draw.randrange(100_000)])
    open_file(file, name)
    file.note((size, None))
    os.ftruncate(file.handle, size)


def fsync():
    if not files():
        return create()
    name, file = draw.choice(files())
    os.fsync(open_file(file, name))
    file.adopt(file.now)
    note_durable()


def close():
    for _, file in draw.sample(files(), min(3, len(files()))):
        close_file(file)


def rename():
    if not files():
        return create()
    (old, file), new = draw.choice(files()), new_name()
    if draw.randrange(4) == 0:
        new = draw.choice(files())[0]
    if new in names and (names[new] is None or names[new] is file):
        return fsync_directory()

    def change(tree):
        del tree[old]
        tree[new] = file
    if new in names:
        close_file(names[new])
    do(lambda: os.rename(path(old), path(new)), change)


def link():
    if not files() or len(names) >= FILES_MAX:
        return unlink()
    (old, file), new = draw.choice(files()), new_name()
    if new in names:
        return fsync_directory()
    do(lambda: os.link(path(old), path(new)), lambda t: t.update({new: file}))


def unlink():
    if not files():
        return create()
    name, file = draw.choice(files())
    close_file(file)
    do(lambda: os.unlink(path(name)), lambda t: t.pop(name))


def make_directory():
    name = new_name()
    if name in names or len(directories()) >= DIRECTORIES_MAX or name.count("/") > 2:
        return remove_directory()
    do(lambda: os.mkdir(path(name)), lambda t: t.update({name: None}))


def remove_directory():
    empty = [d for d in directories()[1:] if not any(n.startswith(d + "/") for n in names)]
    if not empty:
        return fsync_directory()
    name = draw.choice(empty)
    do(lambda: os.rmdir(path(name)), lambda t: t.pop(name))


def fsync_directory():
    handle = os.open(path(draw.choice(directories())), os.O_RDONLY)
    try:
        os.fsync(handle)
        note_durable()
    finally:
        os.close(handle)


OPERATIONS = ([create] * 14 + [write] * 26 + [fsync] * 14 + [close] * 8 + [rename] * 12 + [link] * 6 + [unlink] * 10
              + [make_directory] * 3 + [remove_directory] * 2 + [fsync_directory] * 4 + [truncate] * 4)


def work():
    global last_error, operations
    last_error, operations = "none", 0
    try:
        while not is_stopping.is_set():
            draw.choice(OPERATIONS)()
            operations += 1
    except OSError as fault:
        last_error = errno.errorcode.get(fault.errno, str(fault.errno))
        if is_early and history and last_error in TAKEN_BACK:
            last_error = f"taken-back:{last_error}"
    except AssertionError as fault:
        last_error = str(fault).replace(" ", "-")


def walk():
    """What is there: path to (inode number, or None for a directory)."""
    found = {}
    for at, inner, leaves in os.walk(directory, onerror=raise_it):
        below = os.path.relpath(at, directory)
        for name in inner + leaves:
            there = name if below == "." else f"{below}/{name}"
            found[there] = None if name in inner else os.lstat(f"{at}/{name}").st_ino
    return found


def raise_it(fault):
    raise fault


def compare_names(found, expected):
    lost, back = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    if lost or back:
        return f"lost {lost}, not expected {back}"
    by_inode = {}
    for name, file in expected.items():
        if (file is None) != (found[name] is None):
            return f"{name} is of another kind"
        if file is not None and by_inode.setdefault(found[name], file) is not file:
            return f"{name} leads to another file"
    if len(by_inode) != len({id(f) for f in expected.values() if f is not None}):
        return "two names of one file lead to two"
    return None


def compare_content(file, found, kept):
    versions = [file.synced]
    for before, change in file.changes:
        if before <= kept:
            versions.append(apply(versions[-1], change))
    if len(found) not in {len(v) for v in versions}:
        return f"has {len(found)} bytes, which it never had: {sorted({len(v) for v in versions})}"
    for at in range(0, len(found), BLOCK):
        block = found[at:at + BLOCK]
        if any(v[at:at + len(block)] == block for v in versions):
            continue
        for i, byte in enumerate(block, at):
            if not any(i < len(v) and v[i] == byte for v in versions):
                return f"byte {i} of {len(found)} is {byte:02x}, which it never was since its fsync ({len(versions)})"
    return None


def states():
    """What may be there: names, and how many of the operations in the history have happened."""
    yield names, len(history)
    if pending is not None:
        otherwise = dict(names)
        pending(otherwise)
        yield otherwise, len(history)
    for kept in reversed(range(len(history))):
        yield history[kept], kept


def check():
    global pending, names
    for _, file in files():
        try:
            close_file(file)
        except OSError:
            pass        # what the crash took is found out below
    if not os.path.isdir(directory):
        os.mkdir(directory)
    found, faults = walk(), []
    for state, kept in states():
        fault = compare_names(found, state)
        if fault is None:
            fault, answer = compare_files(state, kept)
        if fault is None:
            break
        faults.append(f"after {kept} of {len(history)} operations: {fault}")
    else:
        return f"fault {directory}: {'; '.join(faults[:8])}"
    names, pending = dict(state), None
    history.clear()
    return answer


def compare_files(state, kept):
    contents, synced = {}, 0
    for name, file in state.items():
        if file is None:
            continue
        with open(path(name), "rb") as stream:
            content = stream.read()
        if (fault := compare_content(file, content, kept)) is not None:
            return f"{path(name)} {fault}", None
        synced += not file.changes
        contents[file] = content
    total = sum(len(content) for content in contents.values())
    for file, content in contents.items():
        file.adopt(content)
    return None, f"ok {len(contents)} {synced} {total}"


def main():
    worker = None
    for command in sys.stdin:
        command = command.strip()
        if command == "run":
            is_stopping.clear()
            worker = threading.Thread(target=work, daemon=True)
            worker.start()
        elif command == "stop":
            is_stopping.set()
            worker.join()
            print(f"stopped {last_error} {operations}", flush=True)
        elif command == "check":
            try:
                print(check(), flush=True)
            except OSError as fault:
                print(f"fault {directory}: {fault}", flush=True)


main()
