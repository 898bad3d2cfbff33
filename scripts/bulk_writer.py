"""Writes many incompressible values to one leader as fast as Python can, over the Redis protocol."""

import multiprocessing
import random

from cluster_client import Connection

VALUE_BYTES = 1024
BATCH = 64
PROCESSES = 2
DONE = b"+OK\r\n"
# Values are slices of this at random places: no block of an engine sees the same bytes twice.
NOISE = random.Random(1).randbytes(1 << 20)


def key_of(place):
    return b"key:%010d" % place


def command_of(place, source):
    key, start = key_of(place), source.randrange(len(NOISE) - VALUE_BYTES)
    return b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(key), key, VALUE_BYTES, NOISE[start : start + VALUE_BYTES])


def send(address, places, source):
    """Writes these places, a batch ahead of the replies at most; raises at the first reply that is not OK."""
    connection = Connection(address, timeout=60)
    open_batches = []

    def wait():
        expected = open_batches.pop(0) * len(DONE)
        said = connection.file.read(expected)
        if said != DONE * (expected // len(DONE)):
            raise ConnectionError(f"{address} answered {said[:200]!r}")

    for start in range(0, len(places), BATCH):
        part = places[start : start + BATCH]
        connection.socket.sendall(b"".join(command_of(place, source) for place in part))
        open_batches.append(len(part))
        if len(open_batches) > 1:
            wait()
    while open_batches:
        wait()
    connection.close()


class Uniform:
    """`count` places out of `keys`, at random."""

    def __init__(self, keys, count, seed):
        self.keys, self.count, self.source = keys, count, random.Random(seed)

    def __len__(self):
        return self.count

    def __getitem__(self, part):
        count = len(range(*part.indices(self.count)))
        return [int(self.source.random() * self.keys) for _ in range(count)]


def run(address, work):
    """`work`: one sequence of places for each process. Returns when all are written; raises if one failed."""
    context = multiprocessing.get_context("fork")
    children = [
        context.Process(target=send, args=(address, places, random.Random(number)), daemon=True)
        for number, places in enumerate(work)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    if any(child.exitcode for child in children):
        raise SystemExit(f"writing to {address} failed")


def overwrite(address, keys, count, seed):
    """`count` values over `keys` keys at random."""
    share = count // PROCESSES
    run(address, [Uniform(keys, share, f"{seed}-{number}") for number in range(PROCESSES)])


def fill(address, keys):
    """Every key once."""
    run(address, [range(number, keys, PROCESSES) for number in range(PROCESSES)])
