#!/usr/bin/env python3
"""What a change of leader and a long absence cost, with real nodes on this machine.

  bench-replication.py SHOAL switchover [ROUNDS]
      one shard of three nodes, `shoal bench --rate 10000`, a switchover in each round: the longest time in which no
      write was done, per round, with median and maximum. Beside it the same load without a switchover, and the
      longest fdatasync of a small file on the same disk meanwhile: what of a pause is the machine's.
  bench-replication.py SHOAL catch-up [MIB]
      per pair of engines: a replica is stopped, MIB of values (4 KiB each) are written, it starts again while writes go
      on: how long until it is in sync, next to a plain write of as many bytes with fsync.

Exit code 1 if a write failed or a replica did not come back.
"""
import os
import statistics
import sys
import threading
import time

from bench_cluster import BenchCluster, phase

RATE = 10_000
VALUE_BYTES = 4096
PATIENCE = 300  # seconds: what takes longer has failed


class Shard(BenchCluster):
    """One shard, a node for each engine; a node is meant by its place."""

    def __init__(self, shoal, host, engines):
        self.addresses = [f"{host}.{number + 1}:18500" for number in range(len(engines))]
        self.engines = engines
        super().__init__(shoal, [self.addresses], PATIENCE)
        for index in range(len(engines)):
            self.start(index)
        self.wait("all in sync", self.are_in_sync)

    def start(self, index):
        self.spawn(0, self.addresses[index], "--db-type", self.engines[index], *(["--replica"] if index else []))


class DiskProbe:
    """Writes and syncs a block a hundred times a second, and knows the longest it took."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "probe")
        self.longest = 0.0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT)
        while not self.ended.wait(0.01):
            started = time.monotonic()
            os.pwrite(descriptor, b"x" * 4096, 0)
            os.fdatasync(descriptor)
            self.longest = max(self.longest, time.monotonic() - started)
        os.close(descriptor)

    def end(self):
        self.ended.set()
        self.thread.join()
        return self.longest * 1000


def disk_bytes(folder):
    """Bytes written so far to the device that `folder` is on; 0 where the system does not say."""
    device = os.stat(folder).st_dev
    with open("/proc/diskstats") as file:
        for fields in map(str.split, file):
            if (int(fields[0]), int(fields[1])) == (os.major(device), os.minor(device)):
                return int(fields[9]) * 512
    return 0


def switchover(shoal, rounds):
    cluster = Shard(shoal, "127.57.0", ["lmdb", "rocksdb", "lmdb"])
    pauses, controls, errors = [], [], {}
    for number in range(rounds):
        probe = DiskProbe(cluster.folder)
        controls.append(phase(cluster.bench("--rate", str(RATE), "--writes", str(RATE * 3 // 2)))["longest_pause_ms"])
        control_disk, probe = probe.end(), DiskProbe(cluster.folder)
        # A second and a half of load; the switchover comes in the middle.
        load = cluster.bench("--rate", str(RATE), "--writes", str(RATE * 3 // 2))
        time.sleep(0.5)
        change = cluster.run("switchover", "shard0")
        if change.returncode != 0:
            errors[change.stderr.strip()] = errors.get(change.stderr.strip(), 0) + 1
        told = phase(load)
        pauses.append(told["longest_pause_ms"])
        for kind, count in told["errors"].items():
            errors[kind] = errors.get(kind, 0) + count
        print(
            f"{number + 1:3}: {pauses[-1]:6.1f} ms at {told['per_second']:.0f} writes/s (disk {probe.end():.1f} ms); "
            f"without a switchover {controls[-1]:.1f} ms (disk {control_disk:.1f} ms)",
            flush=True,
        )
        cluster.wait("all in sync", cluster.are_in_sync)
    print(
        f"pause: median {statistics.median(pauses):.1f} ms, longest {max(pauses):.1f} ms; without a switchover "
        f"{statistics.median(controls):.1f} and {max(controls):.1f} ms; errors: {errors or 'none'}"
    )
    cluster.close()
    return not errors


def plain_write(folder, count):
    """Seconds that a file of as many bytes takes, fsync included."""
    path = os.path.join(folder, "plain")
    block = os.urandom(1 << 20)
    started = time.monotonic()
    with open(path, "wb") as file:
        for _ in range(count >> 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - started
    os.unlink(path)
    return seconds


def catch_up(shoal, mebibytes):
    fine = True
    for engines in (["lmdb", "lmdb"], ["lmdb", "rocksdb"], ["rocksdb", "rocksdb"], ["rocksdb", "lmdb"]):
        cluster = Shard(shoal, "127.58.0", engines)
        cluster.stop(cluster.addresses[1])
        count = (mebibytes << 20) // VALUE_BYTES
        load = ["--value-size", str(VALUE_BYTES), "--concurrency", "16", "--pipeline", "8"]
        first = phase(cluster.bench("--writes", str(count), "--key-space", str(count * 4), *load))
        more = cluster.bench("--rate", "1000", "--writes", "1000000", "--key-space", "100000", "--value-size", "512")
        started, written = time.monotonic(), disk_bytes(cluster.folder)
        cluster.start(1)
        cluster.wait("the replica in sync", lambda: cluster.status(cluster.addresses[1])["in_sync"])
        seconds = time.monotonic() - started
        written = disk_bytes(cluster.folder) - written
        more.terminate()
        more.wait()

        def is_equal():
            leader, replica = map(cluster.status, cluster.addresses)
            return all(leader[field] == replica[field] for field in ("position", "keys", "bytes"))

        cluster.wait("counts equal", is_equal)
        held = cluster.status(cluster.addresses[0])["bytes"]
        with open(cluster.log(cluster.addresses[1])) as log:
            snapshots = log.read().count("taking a snapshot")
        plain = plain_write(cluster.folder, held)
        fine = fine and not first["errors"]
        print(
            f"leader {engines[0]}, replica {engines[1]}: {count * VALUE_BYTES >> 20} MiB written while away, {held >> 20} MiB held, "
            f"in sync after {seconds:.1f} s ({count * VALUE_BYTES / seconds / 1e6:.0f} MB/s of the missed writes, "
            f"{held / seconds / 1e6:.0f} MB/s of what is held), {snapshots} snapshot(s), the disk wrote "
            f"{written / seconds / 1e6:.0f} MB/s for both; "
            f"a plain copy of that size {plain:.1f} s ({held / plain / 1e6:.0f} MB/s)",
            flush=True,
        )
        cluster.close()
    return fine


def main():
    if len(sys.argv) < 3 or sys.argv[2] not in ("switchover", "catch-up"):
        raise SystemExit(__doc__)
    number = int(sys.argv[3]) if len(sys.argv) > 3 else None
    if sys.argv[2] == "switchover":
        fine = switchover(sys.argv[1], number or 20)
    else:
        fine = catch_up(sys.argv[1], number or 1024)
    raise SystemExit(0 if fine else 1)


main()
