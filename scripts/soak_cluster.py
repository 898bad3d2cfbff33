"""The cluster of the soak tests, and what is done to it while clients write and read."""

import contextlib
import os
import subprocess
import time

from bench_cluster import BenchCluster

PATIENCE = 120  # seconds: what takes longer has failed
MOVED_SLOTS = "7000-8191"  # of the first shard's 0 to 8191
ABSENCE_SECONDS = 2  # how long a stopped replica misses writes
# Answers that come just after a change was still sent before, or by a node that hears of it last.
CHANGE_GRACE_SECONDS = 5


class SoakCluster(BenchCluster):
    """Two shards, each with a leader and a replica on different engines."""

    def __init__(self, shoal):
        number = os.getpid() % 250
        host = f"127.61.{number}"
        self.shards = [[f"{host}.1:18500", f"{host}.2:18500"], [f"{host}.3:18500", f"{host}.4:18500"]]
        self.engines = dict(zip([node for shard in self.shards for node in shard], ["lmdb", "rocksdb", "rocksdb", "lmdb"]))
        super().__init__(shoal, self.shards, PATIENCE)
        for index, nodes in enumerate(self.shards):
            for node in nodes:
                replica = ["--replica"] if node != nodes[0] else []
                self.spawn(index, node, "--db-type", self.engines[node], "--db-location", self.data(node), *replica)
        self.wait("all in sync", self.are_in_sync)

    def data(self, address):
        return os.path.join(self.folder, address.replace(":", "_"))

    def do(self, *words):
        try:
            done = self.run(*words)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"soak: shoal {' '.join(words)}: not done after {self.patience} s; logs are in {self.folder}")
        if done.returncode != 0:
            raise SystemExit(f"shoal {' '.join(words)}: {done.stdout}{done.stderr}; logs are in {self.folder}")

    def leads(self, address):
        return self.status(address)["role"] == "leader"


class Changes:
    """The rounds, and whether a change is going on."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.running = False
        self.ended = -CHANGE_GRACE_SECONDS

    def is_going_on(self):
        return self.running or time.monotonic() < self.ended + CHANGE_GRACE_SECONDS

    def round(self):
        with self.going_on():
            for index in range(len(self.cluster.shards)):
                self.switch_there_and_back(index)
            for _, replica in self.cluster.shards:
                self.stop_and_start(replica, ABSENCE_SECONDS)
            self.reshard_there_and_back()

    @contextlib.contextmanager
    def going_on(self):
        """What clients are told meanwhile, and a moment after, may come from the change."""
        self.running = True
        try:
            yield
        finally:
            self.running, self.ended = False, time.monotonic()

    def switch_there_and_back(self, index):
        leader, replica = self.cluster.shards[index]
        self.switch_over(index, replica)
        self.switch_over(index, leader)

    def reshard_there_and_back(self):
        for target in ("shard1", "shard0"):
            self.cluster.do("reshard", "run", "--move", f"{MOVED_SLOTS}={target}")
            self.settle()

    def settle(self):
        self.cluster.wait("all in sync", self.cluster.are_in_sync)

    def switch_over(self, index, target):
        self.cluster.do("switchover", f"shard{index}", "--to", target)
        self.cluster.wait(f"{target} leading", lambda: self.cluster.leads(target))
        self.settle()

    def stop_and_start(self, node, absence=0):
        """A leader hands over before it stops. `absence` in seconds."""
        self.cluster.do("stop", node)
        self.cluster.wait(f"{node} stopped", lambda: self.cluster.status(node)["state"] == "stopped")
        time.sleep(absence)
        self.cluster.do("start", node)
        self.settle()
