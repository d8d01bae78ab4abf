"""Makes files while the disk under a mount fails, and knows which of them were answered for.

acks.py run DIR RECORD THREADS ERRORS BYTES: each thread makes files of up to BYTES, one by one, half of them with
fsync, and goes on through errors until it has met ERRORS of them. Writes what was answered for to RECORD (JSON) and
prints its sums.
acks.py check DIR RECORD: whether all that fsync answered for is there, byte by byte.
"""
import contextlib
import errno
import json
import os
import sys
import threading
import time


def content(name, most):
    return (name * most).encode()[:most - most // 23 * (sum(name.encode()) % 23)]


class Run:
    def __init__(self, directory, errors, most):
        self.directory = directory
        self.most = most
        self.errors = errors
        self.lock = threading.Lock()
        self.acks = []      # [when it began, which call, name]
        self.failures = []  # [when it ended, which call, errno's name]

    def call(self, what, name, function):
        began = time.time()
        try:
            result = function()
        except OSError as fault:
            with self.lock:
                self.failures.append([time.time(), what, errno.errorcode.get(fault.errno, str(fault.errno))])
            raise
        with self.lock:
            self.acks.append([began, what, name])
        return result

    def make(self, name, is_synced):
        path = os.path.join(self.directory, name)
        file = self.call("create", name, lambda: os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
        try:
            data = content(name, self.most)
            if os.write(file, data) != len(data):
                raise OSError(errno.EIO, "short write")
            if is_synced:
                self.call("fsync", name, lambda: os.fsync(file))
        except OSError:
            with contextlib.suppress(OSError):   # the first error is the one that counts
                os.close(file)
            raise
        self.call("close", name, lambda: os.close(file))

    def work(self, thread):
        met = number = 0
        while met < self.errors:
            number += 1
            try:
                self.make(f"{thread}-{number}", number % 2 == 0)
            except OSError:
                met += 1


def run(directory, record, threads, errors, most):
    os.makedirs(directory, exist_ok=True)
    state = Run(directory, errors, most)
    print("working", flush=True)
    workers = [threading.Thread(target=state.work, args=(i,)) for i in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    first = min(when for when, _, _ in state.failures)
    late = [ack for ack in state.acks if ack[0] > first]
    with open(record, "w") as file:
        json.dump([most, [name for _, what, name in state.acks if what == "fsync"]], file)
    print(json.dumps({
        "Synced": sum(what == "fsync" for _, what, _ in state.acks), "Late": late, "FirstFailure": first,
        "LastSync": max((when for when, what, _ in state.acks if what == "fsync"), default=0),
        "Errors": sorted({name for _, _, name in state.failures}),
    }))


def check(directory, record):
    with open(record) as file:
        most, names = json.load(file)
    for name in names:
        with open(os.path.join(directory, name), "rb") as file:
            if file.read() != content(name, most):
                sys.exit(f"{name} has not what fsync answered for")
    print(len(names))


if sys.argv[1] == "run":
    run(sys.argv[2], sys.argv[3], *map(int, sys.argv[4:7]))
else:
    check(sys.argv[2], sys.argv[3])
