#!/usr/bin/env python3
"""How much disk the engines take for what they hold, while it is overwritten again and again.

  growth.py SHOAL [--keys N] [--gigabytes N] [--engine lmdb|rocksdb] [--nodes 1|2]
      for each engine, one shard alone and one with a replica of the same engine: values of 1 KB are written over N keys
      at random, nothing is read; a third of the bytes at the start, a third after the shard was stopped and started, a
      third after a quarter of its slots went to another shard and came back, while writes went on.

Prints for every node and part: bytes of the engine's folder and of LMDB's data.mdb for each live byte, at the end and at
most, and the age of the oldest read view. Ends with 1 if a node takes more than 2.5 (LMDB) or 2.0 (RocksDB) times its
live data, or a read view is older than 2 s while writes go on. Below 1 GB of live data LMDB may take more, up to 6 times: what
its last two transactions replaced counts more there than the data.
"""

import argparse
import os
import random
import sys
import threading

import bulk_writer
from bench_cluster import BenchCluster
from cluster_client import ClusterClient
from node_probe import BLOCK_BYTES, disk_bytes, metrics
from soak_trends import FILE_RATIO_MAX, VIEW_SECONDS_MAX

PATIENCE = 120  # seconds: what takes longer has failed
LOOK_SECONDS = 0.5
# By name, so that no policy evens the rest out.
THERE = ["--move", "0-4095=shard1", "--move", "4096-16383=shard0"]
BACK = ["--move", "0-4095=shard0"]
TRICKLE_SECONDS = 0.005  # between two writes that follow the slots while they move
# LMDB's leaves hold two values of 1 KB on average, where three fit: twice the data. The pages that its last two transactions
# replaced can't be reused yet: two windows of the applier, which replace a page of 4 KiB for nearly every value in them, and
# never more than all of the tree.
TREE_RATIO = 2
WINDOWS_BYTES = 2 * (256 << 20)
COLUMNS = ("cluster", "node", "part", "written MB", "live MB", "folder/live", "at most", "data.mdb/live", "view s")
WIDTHS = (16, 18, 20, 10, 8, 11, 8, 13, 7)


class Shard(BenchCluster):
    """One shard on one engine, with or without a replica, and later a second one that slots go to for a while."""

    def __init__(self, shoal, engine, nodes):
        host = f"127.62.{os.getpid() % 250}"
        self.engine = engine
        self.nodes = [f"{host}.{number + 1}:18500" for number in range(nodes)]
        self.guest = f"{host}.9:18500"
        super().__init__(shoal, [self.nodes], PATIENCE)
        for node in self.nodes:
            self.begin(0, node, *(["--replica"] if node != self.nodes[0] else []))
        self.wait("all in sync", self.are_in_sync)

    def begin(self, shard, node, *options):
        self.spawn(shard, node, "--db-type", self.engine, "--db-location", self.data(node), *options)

    def data(self, node):
        return os.path.join(self.folder, node.replace(":", "_"))

    def do(self, *words):
        done = self.run(*words)
        if done.returncode != 0:
            raise SystemExit(f"shoal {' '.join(words)}: {done.stdout}{done.stderr}; logs are in {self.folder}")

    def leader(self):
        return next((node for node in self.nodes if self.status(node)["role"] == "leader"), None)

    def stop_and_start(self):
        self.do("stop", "shard0")
        self.wait("all stopped", lambda: all(self.status(node)["state"] == "stopped" for node in self.nodes))
        self.do("start", "shard0")
        self.wait("all in sync, with a leader", lambda: self.are_in_sync() and self.leader())

    def reshard_there_and_back(self, keys):
        """Returns what was wrong with the writes meanwhile."""
        self.begin(1, self.guest)
        self.wait("the second shard running", lambda: self.status(self.guest)["role"] == "leader")
        trickle = Trickle([*self.nodes, self.guest], keys)
        self.do("reshard", "run", "--add", f"shard1={self.guest}", *THERE)
        self.do("reshard", "run", *BACK)
        findings = trickle.end()
        # No slot, so no writes and no part in what is measured.
        self.wait("the second shard empty", lambda: self.status(self.guest)["keys"] == 0)
        return findings

    def engine_bytes(self, node):
        return disk_bytes(os.path.join(self.data(node), "engine"))

    def tree_bytes(self, node):
        """Of LMDB's file; None with RocksDB."""
        path = os.path.join(self.data(node), "engine", "data.mdb")
        return os.stat(path).st_blocks * BLOCK_BYTES if os.path.exists(path) else None

    def is_applied(self):
        """Whether engines have everything, and RocksDB has sorted it."""
        values = [metrics(node) for node in self.nodes]
        return all(
            value["shoal_unapplied_bytes"] == 0 and value.get("shoal_engine_compactions", 0) == 0 for value in values
        )


class Trickle(threading.Thread):
    """Some writes that follow the slots."""

    def __init__(self, nodes, keys):
        super().__init__(daemon=True)
        self.keys, self.errors = keys, []
        self.client = ClusterClient(nodes, lambda kind, text: self.errors.append(text), PATIENCE)
        self.ending = threading.Event()
        self.start()

    def run(self):
        source = random.Random(1)
        while not self.ending.wait(TRICKLE_SECONDS):
            key = bulk_writer.key_of(source.randrange(self.keys))
            reply = self.client.run([[b"SET", key, source.randbytes(bulk_writer.VALUE_BYTES)]])[0]
            if reply != b"OK":
                self.errors.append(f"SET: {reply!r}")

    def end(self):
        self.ending.set()
        self.join()
        self.client.close()
        return [f"{len(self.errors)} errors while slots moved: {self.errors[0]}"] if self.errors else []


class Watch(threading.Thread):
    """The most that each node took, and the age of its oldest view, while a load runs."""

    def __init__(self, cluster):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.most = {node: 0 for node in cluster.nodes}
        self.oldest = {}
        self.ending = threading.Event()
        self.start()

    def run(self):
        while not self.ending.wait(LOOK_SECONDS):
            for node in self.cluster.nodes:
                self.most[node] = max(self.most[node], self.cluster.engine_bytes(node))
                age = metrics(node).get("shoal_engine_oldest_view_seconds")
                if age is not None:
                    self.oldest[node] = max(self.oldest.get(node, 0), age)

    def end(self):
        self.ending.set()
        self.join()


def bytes_max(engine, live):
    """What an engine may take at rest for so many bytes of keys and values."""
    most = FILE_RATIO_MAX[engine] * live
    if engine != "lmdb":
        return most
    tree = TREE_RATIO * live
    return max(most, tree + min(2 * tree, WINDOWS_BYTES))


def print_row(values):
    print(" ".join(f"{value:>{width}}" for value, width in zip(values, WIDTHS)), flush=True)


def write(cluster, part, keys, count):
    """One part of the load, with a row and its findings for each node."""
    watch = Watch(cluster)
    bulk_writer.overwrite(cluster.leader(), keys, count, seed=part)
    watch.end()
    cluster.wait("everything applied", cluster.is_applied)
    name = f"{cluster.engine}, {len(cluster.nodes)} node(s)"
    findings = []
    for node in cluster.nodes:
        live, held, tree = cluster.status(node)["bytes"], cluster.engine_bytes(node), cluster.tree_bytes(node)
        ratio, most, age = held / live, max(held, watch.most[node]) / live, watch.oldest.get(node)
        print_row(
            (
                name,
                node,
                part,
                count * bulk_writer.VALUE_BYTES // 1_000_000,
                live // 1_000_000,
                f"{ratio:.2f}",
                f"{most:.2f}",
                "-" if tree is None else f"{tree / live:.2f}",
                "-" if age is None else f"{age:.2f}",
            )
        )
        bound = bytes_max(cluster.engine, live) / live
        # At rest: while it compacts, RocksDB holds input and output. LMDB's file never shrinks.
        if ratio > bound:
            findings.append(f"{name}, {part}: {node} took {ratio:.2f} times its live data, more than {bound:.2f}")
        if age is not None and age > VIEW_SECONDS_MAX:
            findings.append(f"{name}, {part}: a read view of {node} was {age:.1f} s old, more than {VIEW_SECONDS_MAX} s")
    return findings


def measure(shoal, engine, nodes, keys, gigabytes):
    cluster = Shard(shoal, engine, nodes)
    count = int(gigabytes * 1e9) // bulk_writer.VALUE_BYTES // 3
    findings = write(cluster, "overwrites", keys, count)
    cluster.stop_and_start()
    findings += write(cluster, "after stop and start", keys, count)
    findings += cluster.reshard_there_and_back(keys)
    findings += write(cluster, "after a reshard", keys, count)
    cluster.close()
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shoal")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--gigabytes", type=float, default=6)
    parser.add_argument("--engine", choices=sorted(FILE_RATIO_MAX))
    parser.add_argument("--nodes", type=int, choices=(1, 2), help="without or with a replica; both if left out")
    options = parser.parse_args()
    print_row(COLUMNS)
    findings = []
    for engine in [options.engine] if options.engine else sorted(FILE_RATIO_MAX):
        for nodes in [options.nodes] if options.nodes else (1, 2):
            findings += measure(options.shoal, engine, nodes, options.keys, options.gigabytes)
    for finding in findings:
        print(f"growth: {finding}", file=sys.stderr)
    sys.exit(1 if findings else 0)


main()
