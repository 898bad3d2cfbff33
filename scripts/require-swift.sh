#!/usr/bin/env bash
# Says in one line what is missing when there is no Swift 6.1 or later.
set -euo pipefail

advice='install Swift 6.1 or later from https://www.swift.org/install/linux and put its usr/bin in PATH'
if ! command -v swift >/dev/null; then
    echo "make: there is no swift in PATH: $advice" >&2
    exit 1
fi
version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
if [[ -z $version ]]; then
    echo "make: \`swift --version\` failed: $advice" >&2
    exit 1
fi
if ((${version%%.*} * 100 + ${version##*.} < 601)); then
    echo "make: Swift $version is too old: $advice" >&2
    exit 1
fi
