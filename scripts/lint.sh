#!/usr/bin/env bash
# Format and habits. Says nothing and ends with 0 when all is well.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

swift format lint --strict --parallel --recursive Sources Tests Package.swift

status=0
# forbid PATTERN REASON PATH...: no line of Swift there may match.
forbid() {
    local pattern=$1 reason=$2
    shift 2
    if grep -rnE --include='*.swift' -- "$pattern" "$@" >&2; then
        echo "lint: $reason" >&2
        status=1
    fi
}
forbid '\btry!|\bas! ' 'a failure must be handled, not trap' Sources
forbid '\b(TODO|FIXME|XXX|HACK)\b' 'finish it, or open an issue' Sources Tests
forbid '^\s*@testable' 'tests use what the other rooms use' Tests
forbid '^import (CLMDB|CRocksDB)' 'only Storage talks to the engines' $(ls -d Sources/*/ | grep -v '/Storage/$')
forbid '^import CNcurses' 'only Terminal talks to ncurses' $(ls -d Sources/*/ | grep -v '/Terminal/$')
# Conversion and output of colours apart; themes/ are no Swift. A style may mix the colours of roles.
forbid '"#[0-9a-fA-F]{6}"|\.(rgb|indexed)\(|Style\((foreground|background): *\.|\\u\{1[bB]\}\[[0-9;]*m' \
    'colours belong into theme files: use a role' \
    $(find Sources -name '*.swift' -not -path 'Sources/Terminal/Cells/*' -not -path 'Sources/Terminal/Driver/*')
exit $status
