#!/usr/bin/env python3
"""What clients feel of commands over data that is not in memory.

  cold.py SHOAL [--megabytes N] [--engine lmdb|rocksdb] [--only COMMAND]
      one shard without a replica, N MB (2,147) of 1 KB values, twice as many as the commands below touch. Before each of
      them the node is started anew and the page cache is dropped (which needs root); meanwhile another client gets and
      sets hot keys: MGET, EXISTS and DEL of 100,000 keys at random, SCAN of all, the listing /kv of all, a full copy to a
      new replica, a reshard of half of the slots, and /clean of a shard whose folder was copied the paper's way.

Prints for each how long it took, what the hot keys' client waited, and whether the leader's term changed. Ends with 1 if
a command failed or was not answered, a term changed, or the hot keys' p99 is above 5 ms or their longest above 50 ms.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import bulk_writer
from bench_cluster import BenchCluster, write_config
from cluster_client import Connection, ErrorReply
from hot_probe import HotProbe
from node_probe import metrics

PATIENCE = 300  # seconds: what takes longer has failed
KEYS_TOUCHED = 100_000
SCAN_COUNT = 1000
LIST_LIMIT = 1000
P99_MAX_MS = 5
LONGEST_MAX_MS = 50
CONTROL_SECONDS = 5
MOVED_SLOTS = "8192-16383"  # the hot keys are of slots below
COLUMNS = ("engine", "command", "seconds", "result", "requests", "p50 ms", "p99 ms", "max ms", "term")
WIDTHS = (8, 10, 8, 24, 9, 8, 8, 9, 8)


class ColdShard(BenchCluster):
    """One node with all the data, that can be made to have none of it in memory."""

    def __init__(self, shoal, engine, keys, placement="fixed"):
        host = f"127.63.{os.getpid() % 250}"
        self.engine, self.keys = engine, keys
        self.node, self.replica, self.second = (f"{host}.{number}:18500" for number in (1, 2, 3))
        super().__init__(shoal, [[self.node]], PATIENCE)
        write_config(self.config, [[self.node]], placement)
        self.begin(0, self.node)
        bulk_writer.fill(self.node, keys)
        self.wait("everything applied", lambda: metrics(self.node)["shoal_unapplied_bytes"] == 0)

    def begin(self, shard, node, *options):
        self.spawn(shard, node, "--db-type", self.engine, "--db-location", self.data(node), *options)
        self.wait(f"{node} running", lambda: self.status(node)["state"] == "running")

    def data(self, node):
        return os.path.join(self.folder, node.replace(":", "_"))

    def make_cold(self):
        """The process goes too: pages that it has mapped are not dropped."""
        if self.node in self.processes:
            self.stop(self.node)
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("3")
        self.begin(0, self.node)

    def reach(self):
        connection = Connection(self.node, timeout=PATIENCE)
        connection.run("PING")
        return connection

    def term(self):
        """Of the leader, once there is one; it rises with every change of leader and every lease that was lost."""

        def is_known():
            status = self.status(self.node)
            # Before its own term begins, a node that has come back tells the last one.
            return status["role"] == "leader" and status["state"] == "running" and status["leadership"]["term"] > 0

        self.wait("a leader with a term", is_known)
        return self.status(self.node)["leadership"]["term"]


def some_keys(keys, seed):
    places = random.Random(seed).sample(range(keys), min(KEYS_TOUCHED, keys // 2))
    return [bulk_writer.key_of(place) for place in places]


def result_of(reply):
    if isinstance(reply, ErrorReply):
        raise ConnectionError(str(reply))
    return reply


def do_nothing(cluster):
    time.sleep(CONTROL_SECONDS)
    return "what the machine does"


def get_many(cluster):
    values = result_of(cluster.reach().run("MGET", *some_keys(cluster.keys, "get")))
    missing = sum(value is None or len(value) != bulk_writer.VALUE_BYTES for value in values)
    if missing:
        raise ValueError(f"{missing} values are missing")
    return f"{len(values)} values"


def count_many(cluster):
    wanted = some_keys(cluster.keys, "exists")
    found = result_of(cluster.reach().run("EXISTS", *wanted))
    if found != len(wanted):
        raise ValueError(f"{found} of {len(wanted)} keys")
    return f"{found} keys"


def delete_many(cluster):
    wanted = some_keys(cluster.keys, "delete")
    gone = result_of(cluster.reach().run("DEL", *wanted))
    if gone != len(wanted):
        raise ValueError(f"{gone} of {len(wanted)} keys")
    return f"{gone} keys"


def scan_all(cluster):
    connection, cursor, found = cluster.reach(), b"0", 0
    while True:
        cursor, keys = result_of(connection.run("SCAN", cursor, "COUNT", SCAN_COUNT))
        found += len(keys)
        if cursor == b"0":
            return f"{found} keys"


def list_all(cluster):
    cursor, found = None, 0
    while True:
        query = f"limit={LIST_LIMIT}" + (f"&cursor={urllib.parse.quote(cursor, safe='')}" if cursor else "")
        page = cluster.get(cluster.node, f"/kv?{query}")
        found += len(page["keys"])
        cursor = page["cursor"]
        if cursor is None:
            return f"{found} keys"


def copy_to_replica(cluster):
    write_config(cluster.config, [[cluster.node, cluster.replica]])
    cluster.begin(0, cluster.replica, "--replica")
    cluster.wait("the replica in sync", lambda: cluster.status(cluster.replica)["in_sync"])
    told = f"{cluster.status(cluster.replica)['keys']} keys"
    cluster.stop(cluster.replica)
    write_config(cluster.config, [[cluster.node]])
    return told


def reshard(cluster):
    cluster.begin(1, cluster.second)
    move = ["--move", f"{MOVED_SLOTS}=shard1", "--move", "0-8191=shard0"]
    done = cluster.run("reshard", "run", "--add", f"shard1={cluster.second}", *move)
    if done.returncode != 0:
        raise ConnectionError(f"{done.stdout}{done.stderr}")
    return f"{cluster.status(cluster.second)['keys']} keys"


def clean(cluster):
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://{cluster.node}/clean", timeout=PATIENCE) as answer:
                removed = json.load(answer)["removed"]
                break
        except urllib.error.HTTPError as error:
            # A map that has just changed is a reason to ask again.
            if error.code != 409 or time.monotonic() > end:
                raise
            time.sleep(0.1)
    if removed < cluster.keys // 3:
        raise ValueError(f"only {removed} keys were removed")
    return f"{removed} keys"


def grow_offline(cluster):
    """The paper's way to a second shard: both have all keys, and `/clean` has half of them to remove."""
    cluster.stop(cluster.node)
    shutil.copytree(cluster.data(cluster.node), cluster.data(cluster.second))
    write_config(cluster.config, [[cluster.node], [cluster.second]], "modulo")
    cluster.begin(0, cluster.node)
    cluster.begin(1, cluster.second, "--adopt")


def measure(cluster, name, command, setup=None):
    """One row and its findings."""
    cluster.make_cold()
    if setup:
        setup(cluster)
        cluster.make_cold()
    term, findings, result = cluster.term(), [], ""
    probe = HotProbe(cluster.node)
    began = time.monotonic()
    try:
        result = command(cluster)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        findings.append(f"failed: {error}")
        result = "failed"
    seconds = time.monotonic() - began
    hot = probe.end()
    new_term = cluster.term()
    if new_term != term:
        findings.append(f"the term went from {term} to {new_term}")
    findings += [f"hot keys: {problem}" for problem in hot.problems]
    if hot.p99 > P99_MAX_MS:
        findings.append(f"hot keys: p99 was {hot.p99:.1f} ms, more than {P99_MAX_MS}")
    if hot.longest > LONGEST_MAX_MS:
        findings.append(f"hot keys: the longest was {hot.longest:.1f} ms, more than {LONGEST_MAX_MS}")
    times = [f"{value:.2f}" for value in (hot.p50, hot.p99, hot.longest)]
    change = term if new_term == term else f"{term}->{new_term}"
    print_row((cluster.engine, name, f"{seconds:.1f}", result, hot.count, *times, change))
    return [f"{cluster.engine}, {name}: {text}" for text in findings]


def print_row(values):
    print(" ".join(f"{value:>{width}}" for value, width in zip(values, WIDTHS)), flush=True)


# The last takes its slots elsewhere; the one before takes keys away.
COMMANDS = {
    "nothing": do_nothing,
    "MGET": get_many,
    "EXISTS": count_many,
    "SCAN": scan_all,
    "/kv": list_all,
    "replica": copy_to_replica,
    "DEL": delete_many,
    "reshard": reshard,
}
CLEAN = "/clean"


def run(shoal, engine, keys, only):
    findings = []
    names = [name for name in COMMANDS if only in (None, name)]
    if names:
        cluster = ColdShard(shoal, engine, keys)
        for name in names:
            findings += measure(cluster, name, COMMANDS[name])
        cluster.close()
    if only in (None, CLEAN):
        # With a history of its own: the offline way is for clusters whose map was never resharded.
        cluster = ColdShard(shoal, engine, keys, "modulo")
        findings += measure(cluster, CLEAN, clean, grow_offline)
        cluster.close()
    return findings


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shoal")
    parser.add_argument("--megabytes", type=int, default=2147)
    parser.add_argument("--engine", choices=("lmdb", "rocksdb"))
    parser.add_argument("--only", metavar="COMMAND", help="one of the commands, by the name in the table")
    options = parser.parse_args()
    if not os.access("/proc/sys/vm/drop_caches", os.W_OK):
        raise SystemExit("cold.py: dropping the page cache needs root")
    print_row(COLUMNS)
    findings = []
    for engine in [options.engine] if options.engine else ("lmdb", "rocksdb"):
        findings += run(options.shoal, engine, options.megabytes * 1_000_000 // bulk_writer.VALUE_BYTES, options.only)
    for finding in findings:
        print(f"cold: {finding}", file=sys.stderr)
    sys.exit(1 if findings else 0)


main()
