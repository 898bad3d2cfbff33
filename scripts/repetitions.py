#!/usr/bin/env python3
"""The same change again and again, with clients that write and read: nothing of any of them may be left over.

  repetitions.py SHOAL [--scale N]
      two shards of two nodes, one on LMDB and one on RocksDB in each. 200 stops and starts of a replica, 200 of a leader,
      50 switchovers and 20 reshards there and back, each after half as many to warm up; N is the share of these that is
      done (1 is all, 0.1 a tenth).

Prints threads, descriptors and memory of each node before and after each kind. Ends with 1, and a line for each finding,
if there are more threads or descriptors than before, all nodes together have 5 % more memory, or a client was not
answered as it must be.
"""

import argparse
import random
import statistics
import sys
import time

from cluster_client import CONNECTION_ENDED, NOT_LISTENING, TRANSIENT
from node_probe import sample
from soak_cluster import PATIENCE, Changes, SoakCluster
from soak_load import ErrorLog, LoadWorker

WORKERS = 2
KEYS, RATE = 20_000, 400
# Of each kind, before the look that it is compared with: the C library's heaps grow with the first of them to a level that
# they then keep, and each kind has its own.
WARMING_SHARE = 0.5
WARMING_MIN = 4
MEMORY_GROWTH_SHARE = 0.05
# In a short run RocksDB's memtables (96 MiB) still fill, and a client's connection may be on its way: what leaks shows
# at each change.
SHORT_MEMORY_BYTES = 96 << 20
SHORT_DESCRIPTORS = 4
# Looked at for as long each time, for what a change opened is closed again by then.
REST_SECONDS = 8
LOOKS = 10  # for one figure
# How often all stores are opened anew for one figure of memory, which is the least of them: how full a heap's holes are is
# chance, and what leaks is there each time.
ROUNDS, SHORT_ROUNDS = 3, 1
EXPLAINED = {*TRANSIENT, CONNECTION_ENDED, NOT_LISTENING}


class Holding:
    """What a node holds when nothing is changed: its fewest threads and descriptors, and its median memory."""

    def __init__(self, rounds):
        """`rounds`: the looks after each time that all stores were opened anew."""
        self.threads = min(look.threads for looks in rounds for look in looks)
        self.descriptors = min(look.surplus for looks in rounds for look in looks)
        self.memory = min(statistics.median(look.private for look in looks) for looks in rounds)

    def __str__(self):
        return f"{self.threads} threads, {self.descriptors} fds, {self.memory / (1 << 20):.1f} MiB"

    def beyond(self, before, is_short):
        """Which of them are more than before, in words."""
        slack = SHORT_DESCRIPTORS if is_short else 0
        return [
            f"{name} {old} -> {new}"
            for name, old, new in (
                ("threads", before.threads, self.threads),
                ("descriptors", before.descriptors, self.descriptors),
            )
            if new > old + slack
        ]


def memory_beyond(before, after, is_short):
    """Of all nodes together: what one of four has more by chance, another has less."""
    old, new = (sum(holding.memory for holding in holdings.values()) for holdings in (before, after))
    print(f"  all: {old / (1 << 20):.1f} -> {new / (1 << 20):.1f} MiB", flush=True)
    most = old * (1 + MEMORY_GROWTH_SHARE) + (SHORT_MEMORY_BYTES if is_short else 0)
    return [f"memory of all nodes {old / (1 << 20):.1f} -> {new / (1 << 20):.1f} MiB"] if new > most else []


class Repetitions:
    def __init__(self, cluster, scale):
        self.cluster, self.scale = cluster, scale
        self.changes = Changes(cluster)
        self.errors = ErrorLog(self.changes.is_going_on)
        self.workers = [
            LoadWorker(number, cluster.engines, KEYS // WORKERS, RATE / WORKERS, self.errors) for number in range(WORKERS)
        ]

    def kinds(self):
        leader, replica = self.cluster.shards[0]
        # Back where it was after every second one.
        return (
            ("stop and start of a replica", 200, lambda number: self.changes.stop_and_start(replica)),
            ("stop and start of a leader", 200, self.stop_leader),
            ("switchover", 50, lambda number: self.changes.switch_over(0, (replica, leader)[number % 2])),
            ("reshard there and back", 20, lambda number: self.changes.reshard_there_and_back()),
        )

    def stop_leader(self, number):
        leader = next(node for node in self.cluster.shards[0] if self.cluster.leads(node))
        self.changes.stop_and_start(leader)

    def run(self):
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            if not worker.filled.wait(PATIENCE):
                return [f"the keys were not written within {PATIENCE} s"]
        found = []
        with self.changes.going_on():
            for name, count, change in self.kinds():
                self.repeat(change, max(WARMING_MIN, int(count * self.scale * WARMING_SHARE) // 2 * 2))
                before = self.holdings()
                count = max(2, int(count * self.scale) // 2 * 2)
                began = time.monotonic()
                self.repeat(change, count)
                took = time.monotonic() - began
                after = self.holdings()
                print(f"{count} times {name}, {took / count:.2f} s each", flush=True)
                for address, holding in after.items():
                    print(f"  {address} {self.cluster.engines[address]}: {before[address]} -> {holding}", flush=True)
                    grown = holding.beyond(before[address], self.scale < 1)
                    found += [f"{address}: after {count} times {name}: {text}" for text in grown]
                grown = memory_beyond(before, after, self.scale < 1)
                found += [f"after {count} times {name}: {text}" for text in grown]
        return found + self.load_findings()

    def repeat(self, change, count):
        for number in range(count):
            change(number)

    def begin_anew(self):
        """Every store is opened anew, so that caches and memtables are as full each time; the processes stay."""
        for index, (leader, replica) in enumerate(self.cluster.shards):
            for node in (replica, leader):
                self.changes.stop_and_start(node)
            if not self.cluster.leads(leader):
                self.changes.switch_over(index, leader)

    def holdings(self):
        """What a change opened is closed a moment later."""
        rounds = {address: [] for address in self.cluster.engines}
        for _ in range(ROUNDS if self.scale >= 1 else SHORT_ROUNDS):
            self.begin_anew()
            for address, looks in self.looks().items():
                rounds[address].append(looks)
        return {address: Holding(own) for address, own in rounds.items()}

    def looks(self):
        end, looks = time.monotonic() + REST_SECONDS, {address: [] for address in self.cluster.engines}
        while time.monotonic() < end:
            for address, own in looks.items():
                own.append(sample(self.cluster, address, self.cluster.data(address), 0))
                del own[:-LOOKS]
            time.sleep(0.2)
        return looks

    def load_findings(self):
        """Ends the load, which then reads everything back."""
        for worker in self.workers:
            worker.ending.set()
        found = []
        for worker in self.workers:
            worker.join(PATIENCE)
            if worker.is_alive():
                found.append(f"worker {worker.number} did not end within {PATIENCE} s")
            found += [f"worker {worker.number}: {text}" for text in worker.problems]
        for tally in (self.errors.otherwise, self.errors.during_change):
            for kind, count in tally.items():
                if tally is self.errors.otherwise or kind not in EXPLAINED:
                    found.append(f"{count} times: {kind} ({self.errors.examples[kind]})")
        writes, reads = (sum(getattr(worker, name) for worker in self.workers) for name in ("writes", "reads"))
        print(f"{writes} writes, {reads} reads meanwhile", flush=True)
        return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shoal")
    parser.add_argument("--scale", type=float, default=1)
    options = parser.parse_args()
    random.seed(1)
    cluster = SoakCluster(options.shoal)
    findings = Repetitions(cluster, options.scale).run()
    for finding in findings:
        print(f"repetitions: {finding}", file=sys.stderr)
    if findings:
        print(f"repetitions: logs and data are in {cluster.folder}", file=sys.stderr)
        sys.exit(1)
    cluster.close()
    print("repetitions: nothing left over")


main()
