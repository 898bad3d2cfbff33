#!/usr/bin/env bash
# bench-vs-redis.sh [SHOAL]: Shoal beside redis-server, in alternating pairs on the same machine at the same time.
#
# SET, every write fsynced, against `--appendonly yes --appendfsync always`; GET against Redis in memory only. The server
# has core 0 and redis-benchmark core 1; the servers that are not being measured are stopped (SIGSTOP). One shard, 50
# connections, 64-byte values, 100,000 keys. Prints medians of PAIRS pairs and their ratio.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

shoal=${1:-.build/release/shoal}
pairs=${PAIRS:-3}
engines=${ENGINES:-lmdb rocksdb}
pipelines=${PIPELINES:-1 16 64}
seconds=${SECONDS_PER_RUN:-3}
host=127.91.$(($$ % 250)).1
declare -A port=([lmdb]=7101 [rocksdb]=7102 [aof]=7103 [memory]=7104)
declare -A pid=()

# Below .build, since /tmp may be in memory, where fsync is free.
mkdir -p .build
folder=$(mktemp -d "$PWD/.build/bench.XXXXXX")
finish() {
    local name
    for name in "${!pid[@]}"; do kill -KILL "${pid[$name]}" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
die() {
    echo "bench: $*" >&2
    exit 1
}

pin_server=() pin_load=()
if (($(nproc) > 1)) && command -v taskset >/dev/null; then
    pin_server=(taskset -c 0)
    pin_load=(taskset -c 1)
    echo 'server on core 0, redis-benchmark on core 1'
else
    echo 'one core, or no taskset: server and redis-benchmark share what there is'
fi

# start NAME COMMAND...: in the background, and waits until it answers PING.
start() {
    local name=$1
    shift
    if redis-cli -h $host -p "${port[$name]}" PING >/dev/null 2>&1; then die "$host:${port[$name]} is in use"; fi
    "${pin_server[@]}" "$@" >"$folder/$name.out" 2>&1 &
    pid[$name]=$!
    local tries=0
    # A node that is still opening its folder answers with an error, and a line more.
    until [[ $(redis-cli -h $host -p "${port[$name]}" GET nothing 2>&1) == '' ]]; do
        kill -0 "${pid[$name]}" 2>/dev/null && ((tries++ < 300)) || die "$name did not start: $(tail -n 3 "$folder/$name.out")"
        read -r -t 0.1 <> <(:) || true
    done
}

start_shoal() {
    mkdir "$folder/$1"
    printf 'Cluster:\n  Name: bench\n---\nShard:\n  Name: shard0\n  Index: 0\n  Address: %s:%s\n' \
        $host "${port[$1]}" >"$folder/$1/config.yaml"
    start "$1" "$shoal" node --shard shard0 --http-address "$host:${port[$1]}" --db-type "$1" --durability fsync \
        --db-location "$folder/$1/data" --config-file "$folder/$1/config.yaml"
}

start_redis() {
    mkdir "$folder/$1"
    start "$1" redis-server --bind $host --port "${port[$1]}" --dir "$folder/$1" --save '' \
        --auto-aof-rewrite-percentage 0 "${@:2}"
}

# measure NAME COMMAND PIPELINE REQUESTS: requests per second.
measure() {
    local name=$1 other
    for other in "${!pid[@]}"; do [[ $other == "$name" ]] || kill -STOP "${pid[$other]}"; done
    kill -CONT "${pid[$name]}"
    # A node that slept has lost its lease and takes the lead anew, in some tens of milliseconds.
    local tries=0
    until [[ $(redis-cli -h $host -p "${port[$name]}" SET key:awake 1 2>&1) == OK ]]; do
        ((tries++ < 300)) || die "$name does not serve again after its pause"
        read -r -t 0.1 <> <(:) || true
    done
    "${pin_load[@]}" redis-benchmark -h $host -p "${port[$name]}" -t "$2" -P "$3" -n "$4" -c 50 -d 64 -r 100000 --csv \
        >"$folder/load" 2>&1 || die "redis-benchmark failed on $name: $(tail -n 1 "$folder/load")"
    for other in "${!pid[@]}"; do kill -CONT "${pid[$other]}"; done
    if grep -qi 'error' "$folder/load"; then die "$name answered with errors: $(grep -i -m 1 error "$folder/load")"; fi
    awk -F'"' 'toupper($2) == toupper(command) { print $4 }' command="$2" "$folder/load"
}

# How many requests take about as long as asked, at this server's speed.
requests_for() {
    local rate
    rate=$(measure "$1" "$2" "$3" $((20000 * $3 / 4 + 20000)))
    awk -v rate="$rate" -v seconds="$seconds" 'BEGIN { printf "%d", rate * seconds }'
}

median() { sort -g | awk '{ value[NR] = $1 } END { print (NR % 2) ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'; }

# compare COMMAND ENGINE RIVAL PIPELINE: one line of the table.
compare() {
    local command=$1 engine=$2 rival=$3 pipeline=$4 pair requests ours theirs
    requests=$(requests_for "$engine" "$command" "$pipeline")
    : >"$folder/ours" && : >"$folder/theirs" && : >"$folder/ratios"
    for ((pair = 0; pair < pairs; pair++)); do
        # Whoever comes first changes: drift of the machine then favours neither.
        if ((pair % 2 == 0)); then
            ours=$(measure "$engine" "$command" "$pipeline" "$requests")
            theirs=$(measure "$rival" "$command" "$pipeline" "$requests")
        else
            theirs=$(measure "$rival" "$command" "$pipeline" "$requests")
            ours=$(measure "$engine" "$command" "$pipeline" "$requests")
        fi
        echo "$ours" >>"$folder/ours"
        echo "$theirs" >>"$folder/theirs"
        awk -v ours="$ours" -v theirs="$theirs" 'BEGIN { print ours / theirs }' >>"$folder/ratios"
    done
    printf '%-8s %-8s %4d %12.0f %12.0f %7.2f   %s\n' "${command^^}" "$engine" "$pipeline" "$(median <"$folder/ours")" \
        "$(median <"$folder/theirs")" "$(median <"$folder/ratios")" "$(sort -g "$folder/ratios" | awk '{ printf "%s%.2f", (NR > 1) ? " " : "", $1 }')"
}

start_redis aof --appendonly yes --appendfsync always
start_redis memory --appendonly no
for engine in $engines; do start_shoal "$engine"; done
echo "shoal $("$shoal" --version), $(redis-server --version | cut -d' ' -f1-3), medians of $pairs pairs, requests per second"
echo
printf '%-8s %-8s %4s %12s %12s %7s   %s\n' command engine -P shoal redis ratio 'all pairs'
for engine in $engines; do
    for pipeline in $pipelines; do compare set "$engine" aof "$pipeline"; done
done
# GETs need the keys to be there: a million random SETs reach all but a handful of 100,000.
for name in memory $engines; do measure "$name" set 64 1000000 >/dev/null; done
for engine in $engines; do
    for pipeline in $pipelines; do compare get "$engine" memory "$pipeline"; done
done
