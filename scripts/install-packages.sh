#!/usr/bin/env bash
# install-packages.sh NAME...: Debian packages, through apt and only when they are missing.
set -euo pipefail

# What shows that a package's purpose is served, whoever installed it: a command, or a pkg-config module.
is_there() {
    case $1 in
        pkg-config | tmux | curl | python3 | redis-server | openssl) command -v "$1" >/dev/null && return ;;
        redis-tools) command -v redis-cli >/dev/null && command -v redis-benchmark >/dev/null && return ;;
        etcd-server) command -v etcd >/dev/null && return ;;
        libncurses-dev) pkg-config --exists ncursesw 2>/dev/null && return ;;
        liblmdb-dev) pkg-config --exists lmdb 2>/dev/null && return ;;
        librocksdb-dev) pkg-config --exists rocksdb 2>/dev/null && return ;;
    esac
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

missing=()
for name in "$@"; do
    is_there "$name" || missing+=("$name")
done
((${#missing[@]} == 0)) && exit 0

if ! command -v apt-get >/dev/null; then
    echo "make: install these first (there is no apt-get here to do it): ${missing[*]}" >&2
    exit 1
fi
as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
        echo "make: as root, run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "make: installing ${missing[*]}" >&2
apt_get() {
    # The lock's timeout: another apt may be running, as it does on a machine that has just been started.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" >&2
}
install_missing() { apt_get install -y --no-install-recommends "${missing[@]}"; }
# A fresh container has no package lists, an old one has lists of packages that are gone.
install_missing 2>/dev/null || { apt_get update && install_missing; } || {
    echo "make: apt-get could not install ${missing[*]}: see above" >&2
    exit 1
}
