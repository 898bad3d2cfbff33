#!/usr/bin/env bash
# The thread sanitizer over what has threads: sanitize.sh [TARGET...], all of the targets below if none is named.
# Ends with 1 if a test fails or a race is reported; the reports stay in .build-sanitize/reports.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=.build-sanitize
reports=$PWD/$scratch/reports
mutex_events=$PWD/$scratch/libmutex_events.so
targets=("${@:-ModelTests StorageTests ReplicationTests ReshardingTests ServerTests NodeTests OperationsTests CoordinationTests}")
read -ra targets <<<"${targets[*]}"

mkdir -p "$reports"
rm -f "$reports"/*
# Swift's own clang: the calling convention is Swift's.
clang=$(dirname "$(readlink -f "$(command -v swift)")")/clang
"$clang" -shared -fPIC -O1 -Wall -Werror -o "$mutex_events" scripts/sanitize/mutex_events.c -ldl
swift build --scratch-path "$scratch" --build-tests --sanitize=thread

status=0
for target in "${targets[@]}"; do
    # Tests in order where they wait for time that passes: the sanitizer makes everything five to ten times slower.
    parallel=()
    case $target in CoordinationTests | NodeTests | OperationsTests) parallel=(--no-parallel) ;; esac
    echo "sanitize: $target"
    LD_PRELOAD=$mutex_events \
        TSAN_OPTIONS="suppressions=$PWD/scripts/sanitize/suppressions.txt log_path=$reports/$target exitcode=66 history_size=4" \
        "$scratch/debug/shoalPackageTests.xctest" --testing-library swift-testing --filter "^$target\\." \
        "${parallel[@]}" || status=1
done

found=$(cat "$reports"/* 2>/dev/null | grep -c '^SUMMARY: ThreadSanitizer' || true)
if [ "$found" != 0 ]; then
    cat "$reports"/* | grep '^SUMMARY: ThreadSanitizer' | sort | uniq -c | sort -rn >&2
    echo "sanitize: $found reports, whole in $reports" >&2
    status=1
fi
exit $status
