# What ./test needs besides the .NET SDK; sourced. All of it is in Debian's archive.

# command -> package
prerequisites="b3sum:b3sum rsync:rsync sqlite3:sqlite3 git:git gcc:gcc diff:diffutils tar:tar fusermount3:fuse3 setpriv:util-linux python3:python3 xz:xz-utils strace:strace"

install_prerequisites() {
    if ! command -v dotnet >/dev/null 2>&1; then
        echo "test: the .NET 10 SDK is missing: install the package dotnet-sdk-10.0, or see https://dot.net/download" >&2
        return 1
    fi
    local pair missing=""
    for pair in $prerequisites; do
        command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair##*:}"
    done
    [ -e /usr/include/stdio.h ] || missing="$missing libc6-dev"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "test: missing:$missing. Run: sudo apt-get install$missing" >&2
        return 1
    fi
    echo "== installing$missing"
    { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
        >/tmp/claudefs-apt.log 2>&1 || { tail -n 20 /tmp/claudefs-apt.log; echo "test: apt-get failed" >&2; return 1; }
}

mounted_claudefs() { awk '$3 ~ /^fuse\.(claudefs|cfs-null)/ {print $2}' /proc/mounts | sort; }

# Mounts that were not there before, and processes of this tree's build that still run; nothing when clean.
left_behind() {
    local pid exe
    comm -13 <(printf '%s\n' "$1") <(mounted_claudefs) | sed 's/^/mount /' | grep -v '^mount $'
    for pid in $(ls /proc | grep -E '^[0-9]+$'); do
        exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || continue
        case "$exe" in
            "$root"/*) echo "process $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" ;;
        esac
    done
}
