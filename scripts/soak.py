#!/usr/bin/env python3
"""A real cluster under load and change for a while: nothing may be lost, and nothing may be left over.

  soak.py SHOAL [--minutes N | --short] [--keys N] [--rate N]
      two shards of two nodes, one on LMDB and one on RocksDB in each; uniform overwrites and reads of 1 KB values, and
      keys with a TTL. In each round every shard changes its leader there and back, each shard's replica is stopped and
      started, and slots move to the other shard and back.

Prints a row per node every ten seconds. Ends with 1, and a line for each finding, if a process has more threads or
descriptors than after the first round, memory grows, a file or log passes its bound, a read view is older than 2 s, an
acknowledged write is not there, or a client was told an error that no change explains.
"""

import argparse
import dataclasses
import random
import sys
import threading
import time

import soak_trends
from cluster_client import CONNECTION_ENDED, NOT_LISTENING, TRANSIENT
from node_probe import sample
from soak_cluster import ABSENCE_SECONDS, PATIENCE, Changes, SoakCluster
from soak_load import ErrorLog, LoadWorker

WORKERS = 4
SAMPLE_SECONDS = 2
ROW_SECONDS = 10
REST_SECONDS = 30  # until what a change opened is closed again
EXPLAINED = {*TRANSIENT, CONNECTION_ENDED, NOT_LISTENING}
COLUMNS = ("time", "node", "engine", "role", "RSS MiB", "private MiB", "threads", "fds", "own", "file/live", "view s", "log MiB")
WIDTHS = (6, 20, 8, 8, 8, 12, 8, 5, 5, 10, 7, 8)


class Sampler(threading.Thread):
    """Looks at every node again and again, and prints a row for each now and then."""

    def __init__(self, cluster, began):
        super().__init__(daemon=True)
        self.cluster, self.began = cluster, began
        self.samples, self.failures = [], []
        self.ending = threading.Event()

    def run(self):
        rows_due, oldest = 0, {}
        while not self.ending.wait(SAMPLE_SECONDS):
            due = time.monotonic() >= rows_due
            if due:
                rows_due = time.monotonic() + ROW_SECONDS
            for address in self.cluster.engines:
                try:
                    one = self.look(address)
                except (OSError, KeyError, ValueError) as error:
                    self.failures.append(f"{address} did not tell its status: {error}")
                    continue
                self.samples.append(one)
                if one.oldest_view is not None:
                    oldest[address] = max(oldest.get(address, 0), one.oldest_view)
                if due:
                    print_row(dataclasses.replace(one, oldest_view=oldest.pop(address, None)))

    def look(self, address):
        return sample(self.cluster, address, self.cluster.data(address), time.monotonic() - self.began)

    def at_rest(self, bounds=None):
        """A sample of each node with the lowest counts seen, until all are within `bounds` (or among themselves, at
        rest): what a change opened is closed a moment later."""
        lowest, end = {}, time.monotonic() + (REST_SECONDS if bounds else ABSENCE_SECONDS * 2)
        while time.monotonic() < end:
            for address in self.cluster.engines:
                one = self.look(address)
                old = lowest.get(address, one)
                lowest[address] = dataclasses.replace(
                    one, threads=min(one.threads, old.threads), surplus=min(one.surplus, old.surplus)
                )
            if bounds and not soak_trends.counts(bounds, lowest):
                break
            time.sleep(0.2)
        return lowest


def print_columns(values):
    print(" ".join(f"{value:>{width}}" for value, width in zip(values, WIDTHS)), flush=True)


def print_row(one):
    ratio = soak_trends.ratio(one)
    print_columns(
        (
            f"{one.at:.0f}",
            one.address,
            one.engine,
            one.role,
            one.resident >> 20,
            one.private >> 20,
            one.threads,
            one.descriptors,
            one.surplus,
            "-" if ratio is None else f"{ratio:.2f}",
            "-" if one.oldest_view is None else f"{one.oldest_view:.2f}",
            one.log >> 20,
        )
    )


class Soak:
    """One run, from an empty cluster to its findings."""

    # Shorter ones end before all caches are full.
    LONG_SECONDS = 600

    def __init__(self, cluster, seconds, round_seconds, keys, rate):
        self.cluster, self.seconds, self.round_seconds = cluster, seconds, round_seconds
        self.is_long = seconds >= self.LONG_SECONDS
        self.changes = Changes(cluster)
        self.errors = ErrorLog(self.changes.is_going_on)
        self.workers = [
            LoadWorker(number, cluster.engines, keys // WORKERS, rate / WORKERS, self.errors) for number in range(WORKERS)
        ]
        self.sampler = Sampler(cluster, time.monotonic())
        self.rounds = 0

    def run(self):
        print_columns(COLUMNS)
        self.sampler.start()
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            if not worker.filled.wait(PATIENCE):
                return [f"the keys were not written within {PATIENCE} s"]
        end = time.monotonic() + self.seconds
        self.one_round()
        before, warm = self.sampler.at_rest(), len(self.sampler.samples)
        while time.monotonic() < end:
            self.one_round()
        after = self.sampler.at_rest(bounds=before)
        self.sampler.ending.set()
        self.sampler.join()
        samples = self.sampler.samples[warm:]
        allowance = soak_trends.LONG if self.is_long else soak_trends.SHORT
        return soak_trends.findings(samples, before, after, allowance) + self.sampler.failures + self.load_findings()

    def one_round(self):
        """The changes, then the load alone until the next round is due."""
        due = time.monotonic() + self.round_seconds
        began = time.monotonic()
        self.changes.round()
        self.rounds += 1
        took = time.monotonic() - began
        print(f"round {self.rounds} of changes took {took:.1f} s", flush=True)
        time.sleep(max(0, due - time.monotonic()))

    def load_findings(self):
        """Ends the load, which then reads everything back."""
        for worker in self.workers:
            worker.ending.set()
        found = []
        for worker in self.workers:
            worker.join(PATIENCE)
            if worker.is_alive():
                found.append(f"worker {worker.number} did not end within {PATIENCE} s")
            if worker.problem_count:
                found.append(f"worker {worker.number}: {worker.problem_count} wrong answers, the first of them:")
                found += [f"  {text}" for text in worker.problems]
        for kind, count in self.errors.otherwise.items():
            found.append(f"{count} times an error while nothing was changed: {kind} ({self.errors.examples[kind]})")
        for kind, count in self.errors.during_change.items():
            if kind not in EXPLAINED:
                found.append(f"{count} times an error that no change explains: {kind} ({self.errors.examples[kind]})")
        return found

    def summary(self):
        reads, writes = (sum(getattr(worker, name) for worker in self.workers) for name in ("reads", "writes"))
        told = ", ".join(f"{kind} {count}" for kind, count in sorted(self.errors.during_change.items())) or "none"
        print(f"{self.rounds} rounds, {writes} writes, {reads} reads; errors during changes: {told}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shoal")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, default=10)
    length.add_argument("--short", action="store_true", help="three minutes, with a round every 20 seconds")
    parser.add_argument("--keys", type=int, default=400_000)
    parser.add_argument("--rate", type=int, default=4_000, help="commands a second")
    options = parser.parse_args()
    random.seed(1)
    cluster = SoakCluster(options.shoal)
    minutes, round_seconds = (3, 20) if options.short else (options.minutes, 60)
    soak = Soak(cluster, minutes * 60, round_seconds, options.keys, options.rate)
    findings = soak.run()
    soak.summary()
    for finding in findings:
        print(f"soak: {finding}", file=sys.stderr)
    if findings:
        print(f"soak: logs and data are in {cluster.folder}", file=sys.stderr)
        sys.exit(1)
    cluster.close()
    print("soak: nothing lost, nothing left over")


main()
