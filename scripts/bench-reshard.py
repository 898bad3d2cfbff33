#!/usr/bin/env python3
"""What a reshard costs (issue 4): its speed, and what clients feel of it.

  bench-reshard.py SHOAL speed [MIB]   all slots of a full shard move to an empty one, on both engines, next to a plain
                                       copy of the same data folder with fsync on the same disk
  bench-reshard.py SHOAL pause         two shards become three under 10,000 writes/s: how long hand-overs held writes, and
                                       the 99th percentile of writes before and meanwhile

Shards have no replicas, all is on one machine and one disk.
"""

import json
import os
import shutil
import sys
import time

from bench_cluster import BenchCluster, phase

VALUE_BYTES = 4096
SETTLED_SECONDS = 3
SETTLED_BYTES = 1 << 20  # leases and logs of words are always written
RATE = 10_000
PATIENCE = 600  # seconds: what takes longer has failed


class Shards(BenchCluster):
    """Shards of one node each; a shard is meant by its place."""

    def __init__(self, shoal, host, engines):
        self.host = host
        super().__init__(shoal, [[self.address(index)] for index in range(len(engines))], PATIENCE)
        for index, engine in enumerate(engines):
            self.start(index, engine)
        self.wait("all running", self.are_running)

    def address(self, index):
        return f"{self.host}.{index + 1}:18500"

    def data(self, index):
        return os.path.join(self.folder, f"data{index}")

    def start(self, index, engine):
        self.spawn(index, self.address(index), "--db-type", engine, "--db-location", self.data(index))

    def add(self, engine):
        index = len(self.processes)
        self.start(index, engine)
        self.wait("the new shard running", lambda: self.status(self.address(index))["role"] == "leader")
        return f"shard{index}={self.address(index)}"

    def held_bytes(self, index):
        return self.status(self.address(index))["bytes"]

    def written_bytes(self):
        """By all nodes, to disk, since they began."""
        total = 0
        for process in self.processes.values():
            with open(f"/proc/{process.pid}/io") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("write_bytes"))
        return total

    def reshard(self, *words):
        done = self.run("reshard", *words)
        if done.returncode != 0:
            raise SystemExit(f"shoal reshard {' '.join(words)}: {done.stdout} {done.stderr}; logs are in {self.folder}")
        return done.stdout


def plain_copy(source, target):
    """Seconds that a copy of a folder takes with every file synced, and its bytes."""
    started, total = time.monotonic(), 0
    for folder, _, names in os.walk(source):
        place = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(place, exist_ok=True)
        for name in names:
            with open(os.path.join(folder, name), "rb") as read, open(os.path.join(place, name), "wb") as write:
                while block := read.read(1 << 20):
                    write.write(block)
                    total += len(block)
                write.flush()
                os.fsync(write.fileno())
    seconds = time.monotonic() - started
    shutil.rmtree(target)
    return seconds, total


def settled_bytes(cluster):
    """What shard 0 holds once nothing is written any more: by no client, whose last counts come up to a second late, and
    by no engine that still sorts what it was given."""
    while True:
        held, written = cluster.held_bytes(0), cluster.written_bytes()
        time.sleep(SETTLED_SECONDS)
        if cluster.held_bytes(0) == held and cluster.written_bytes() - written < SETTLED_BYTES:
            return held


def speed(shoal, mebibytes):
    fine = True
    for engine in ("lmdb", "rocksdb"):
        cluster = Shards(shoal, "127.59.0", [engine])
        count = (mebibytes << 20) // VALUE_BYTES
        load = ["--value-size", str(VALUE_BYTES), "--concurrency", "16", "--pipeline", "8"]
        first = phase(cluster.bench("--writes", str(count), "--key-space", str(count * 4), *load))
        held = settled_bytes(cluster)
        new = cluster.add(engine)
        started = time.monotonic()
        cluster.reshard("run", "--add", new, "--move", "0-16383=shard1")
        seconds = time.monotonic() - started
        cluster.wait("all keys at the target", lambda: cluster.held_bytes(1) == held)
        settled_bytes(cluster)
        copied, size = plain_copy(cluster.data(1), os.path.join(cluster.folder, "copy"))
        own, plain = held / seconds / 1e6, size / copied / 1e6
        fine = fine and not first["errors"] and (own >= 100 or own >= 0.35 * plain)
        print(
            f"{engine}: {held >> 20} MiB moved in {seconds:.1f} s: {own:.0f} MB/s; a plain copy of the target's folder "
            f"({size >> 20} MiB) with fsync {copied:.1f} s: {plain:.0f} MB/s; ratio {own / plain:.2f}",
            flush=True,
        )
        cluster.close()
    return fine


def pause(shoal):
    fine = True
    for engine in ("lmdb", "rocksdb"):
        cluster = Shards(shoal, "127.60.0", [engine, engine])
        load = ["--rate", str(RATE), "--key-space", "200000", "--value-size", "256"]
        phase(cluster.bench("--writes", "200000", "--key-space", "200000", "--value-size", "256", "--concurrency", "16"))
        before = phase(cluster.bench("--writes", str(RATE * 10), *load))
        new = cluster.add(engine)
        # Long enough for the whole move; ended with it.
        during = cluster.bench("--writes", str(RATE * 12), *load)
        time.sleep(1)
        started = time.monotonic()
        cluster.reshard("run", "--add", new)
        seconds = time.monotonic() - started
        meanwhile = phase(during)
        pauses = json.loads(cluster.reshard("status", "--json"))
        after = phase(cluster.bench("--writes", str(RATE * 5), *load))
        errors = {**before["errors"], **meanwhile["errors"], **after["errors"]}
        usual, moving = before["latency_us"]["p99"], meanwhile["latency_us"]["p99"]
        ratio = moving / max(1, usual)
        fine = fine and not errors and pauses["pause_ms_max"] < 100 and ratio <= 2
        print(
            f"{engine}: {pauses['moves_total']} hand-overs in {seconds:.1f} s; held writes p50 {quantile(pauses, 0.5)}, "
            f"p99 {quantile(pauses, 0.99)}, longest {pauses['pause_ms_max']} ms; writes' p99 {usual:.0f} us before, "
            f"{moving:.0f} us meanwhile (x{ratio:.2f}), longest pause of a client {meanwhile['longest_pause_ms']:.1f} ms, "
            f"{meanwhile['per_second']:.0f}/s; errors: {errors or 'none'}",
            flush=True,
        )
        cluster.close()
    return fine


def quantile(status, fraction):
    """The upper end of the bucket that has it, as `PauseHistogram` counts."""
    bounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]
    counts, seen = status["pauses"]["counts"], 0
    for index, count in enumerate(counts):
        seen += count
        if seen >= fraction * sum(counts):
            return f"<= {bounds[index]} ms" if index < len(bounds) else "> 1000 ms"
    return "none"


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in ("speed", "pause"):
        raise SystemExit(__doc__)
    shoal = os.path.abspath(sys.argv[1])
    if sys.argv[2] == "pause":
        fine = pause(shoal)
    else:
        fine = speed(shoal, int(sys.argv[3]) if len(sys.argv) > 3 else 2048)
    sys.exit(0 if fine else 1)


main()
