"""What a node's process and data folder hold at a moment, from /proc, the file system, `/status` and `/metrics`."""

import dataclasses
import os
import urllib.request

BLOCK_BYTES = 512  # st_blocks counts in these, whatever the file system's own are
# RocksDB opens and closes tables as it goes: one descriptor for each that exists is as it should be.
ENGINE_FOLDER = "/engine/"


@dataclasses.dataclass
class Sample:
    """One look at one node."""

    at: float  # seconds since the soak began
    address: str
    engine: str
    role: str
    resident: int  # bytes, mapped files included (VmRSS)
    private: int  # bytes that no file backs (RssAnon)
    threads: int
    descriptors: int
    surplus: int  # descriptors beyond one for each existing file of the engine
    live: int  # bytes of keys and values
    engine_file: int  # bytes of disk that the engine's files take
    log: int  # bytes of disk that the log's files take
    oldest_view: float | None  # seconds; None: the node does not tell


def memory(pid):
    """VmRSS and RssAnon in bytes."""
    fields = {}
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            name, value = line.split(":", 1)
            fields[name] = value.split()
    return int(fields["VmRSS"][0]) << 10, int(fields["RssAnon"][0]) << 10


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptors(pid):
    """The number of open files and sockets, and of those beyond one for each existing file of the engine."""
    total, surplus, own = 0, 0, set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:
            continue  # closed since the list was made
        total += 1
        if ENGINE_FOLDER in target and not target.endswith("(deleted)") and target not in own:
            own.add(target)
        else:
            surplus += 1
    return total, surplus


def disk_bytes(folder):
    """What all files below `folder` take on the disk; a file that goes away meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_blocks * BLOCK_BYTES
            except FileNotFoundError:
                pass
    return total


def metrics(address):
    """`name` → value of the first series with that name."""
    values = {}
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                values.setdefault(name.split("{", 1)[0], float(value))
    return values


def oldest_view(address):
    """Age in seconds of the engine's oldest read view; None where the node does not tell."""
    return metrics(address).get("shoal_engine_oldest_view_seconds")


def sample(cluster, address, folder, at):
    status = cluster.status(address)
    pid = cluster.processes[address].pid
    resident, private = memory(pid)
    total, surplus = descriptors(pid)
    return Sample(
        at=at,
        address=address,
        engine=status["engine"],
        role=status["role"],
        resident=resident,
        private=private,
        threads=threads(pid),
        descriptors=total,
        surplus=surplus,
        live=status["bytes"],
        engine_file=disk_bytes(os.path.join(folder, "engine")),
        log=disk_bytes(os.path.join(folder, "log")),
        oldest_view=oldest_view(address),
    )
