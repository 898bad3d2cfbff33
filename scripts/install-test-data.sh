#!/usr/bin/env bash
# What the end-to-end tests need and no package is: redis-py in .build/python, and Debian's package lists as real input.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

python=$PWD/.build/python
has_redis_py() { PYTHONPATH=$python python3 -c 'from redis.cluster import RedisCluster' 2>/dev/null; }
if ! has_redis_py; then
    mkdir -p "$python"
    # Debian's python3 comes without pip; its own package of redis-py then does.
    python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$python" redis \
        2>/dev/null || scripts/install-packages.sh python3-redis
    if ! has_redis_py; then
        echo 'make: python3 has no redis package: python3 -m pip install redis' >&2
        exit 1
    fi
fi

package_lists_are_there() { [[ -n $(apt-cache dumpavail 2>/dev/null | head -c 1) ]]; }
if command -v apt-cache >/dev/null && ! package_lists_are_there; then
    if ((EUID == 0)); then apt-get -qq update >&2; else sudo apt-get -qq update >&2; fi
fi
