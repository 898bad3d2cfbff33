"""A cluster whose nodes are processes on this machine, for the benchmarks and soak tests beside this file."""

import atexit
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request


def write_config(path, shards, placement="fixed"):
    """`shards` has the addresses of each, its leader's first."""
    with open(path, "w") as file:
        file.write(f"Cluster:\n  Name: bench\n  Placement: {placement}\n")
        for index, (leader, *replicas) in enumerate(shards):
            file.write(f"---\nShard:\n  Name: shard{index}\n  Index: {index}\n  Address: {leader}\n")
            if replicas:
                file.write(f"  Replicas: [{', '.join(replicas)}]\n")


def phase(load):
    """What `shoal bench --json`, started by `BenchCluster.bench`, says of its only phase."""
    return json.loads(load.communicate()[0])["phases"][0]


PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


def end_with_parent():
    """In the child, before it becomes the node: not even a SIGKILL of the script leaves nodes behind."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class BenchCluster:
    """Its config, folder and processes; everything goes with `close`."""

    def __init__(self, shoal, shards, patience):
        """`patience` in seconds: what takes longer has failed."""
        self.shoal, self.patience = os.path.abspath(shoal), patience
        self.folder = tempfile.mkdtemp(prefix="shoal-bench-")
        self.config = os.path.join(self.folder, "config.yaml")
        write_config(self.config, shards)
        self.processes = {}
        # However the benchmark ends, its nodes end with it; the folder stays for whoever wants to know why.
        atexit.register(self.kill)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, frame: sys.exit(128 + number))

    def spawn(self, shard, address, *options):
        command = [self.shoal, "node", "--shard", f"shard{shard}", "--http-address", address, "--config-file", self.config]
        with open(self.log(address), "a") as log:
            self.processes[address] = subprocess.Popen(
                [*command, *options], stdout=log, stderr=subprocess.STDOUT, preexec_fn=end_with_parent
            )

    def stop(self, address):
        process = self.processes.pop(address)
        process.terminate()
        process.wait()

    def log(self, address):
        return os.path.join(self.folder, f"{address.replace(':', '_')}.log")

    def get(self, address, path):
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return json.load(answer)

    def status(self, address):
        return self.get(address, "/status")

    def are_running(self):
        return all(self.status(address)["state"] == "running" for address in self.processes)

    def are_in_sync(self):
        return self.are_running() and all(self.status(address)["in_sync"] for address in self.processes)

    def wait(self, what, condition):
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except OSError:
                pass  # not listening yet
            time.sleep(0.05)
        raise SystemExit(f"after {self.patience} s still not: {what}; logs are in {self.folder}")

    def bench(self, *options):
        command = [self.shoal, "bench", "--reads", "0", "--json", "--config-file", self.config, *options]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def run(self, *words):
        """A command of `shoal` about this cluster, as it ended."""
        command = [self.shoal, *words, "--config-file", self.config]
        return subprocess.run(command, capture_output=True, text=True, timeout=self.patience)

    def kill(self):
        for process in self.processes.values():
            process.kill()

    def close(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait()
        self.processes = {}
        shutil.rmtree(self.folder)
