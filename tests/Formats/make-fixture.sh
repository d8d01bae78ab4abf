#!/usr/bin/env bash
# Makes a data directory of the `cfs` given, stopped and filled again and killed, as a fixture that later versions must
# open: make-fixture.sh CFS, which writes data-VERSION.tar.xz and data-VERSION.list beside this script. As root.
set -euo pipefail
cfs=$(readlink -f "$1")
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
version=$("$cfs" --version | sed 's/+.*//')
work=$(mktemp -d /var/tmp/claudefs-fixture.XXXXXX)
trap 'umount -l "$work/mnt" 2>/dev/null || true; rm -rf "$work"' EXIT
start() {
    "$cfs" dev "$work/mnt" --data "$work/data" --size 64M --listen 127.0.0.1:0 --admin 127.0.0.1:0 --background
}
start
python3 "$here/tree.py" make "$work/mnt" 1
process=$(cat "$work/data/lock")
umount "$work/mnt"
while kill -0 "$process" 2>/dev/null; do sleep 0.1; done
start
python3 "$here/tree.py" make "$work/mnt" 2
# Killed with a log to replay: before the tables have followed.
for attempt in 1 2 3 4 5 6 7 8 9 10; do
    python3 "$here/tree.py" settle "$work/mnt"
    kill -9 "$(cat "$work/data/lock")"
    umount -l "$work/mnt"
    python3 "$here/reader.py" "$work/data" "$work/out" | tee "$work/said"
    rm -rf "$work/out"
    grep -q ' 0 appends' "$work/said" || break
    start
done
mkdir "$work/local"
python3 "$here/tree.py" make "$work/local" 1
python3 "$here/tree.py" make "$work/local" 2
python3 "$here/tree.py" list "$work/local" >"$here/data-$version.list"
tar --sparse -C "$work/data" -cJf "$here/data-$version.tar.xz" device.cfs meta.db meta.db-wal blocks.db blocks.db-wal
ls -l "$here/data-$version".*
