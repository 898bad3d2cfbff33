"""A client of a few hot keys, in a process of its own: what it waits is the node's doing, not this script's."""

import dataclasses
import multiprocessing
import time

from cluster_client import Connection, ErrorReply, slot_of

KEYS = 100
HIGHEST_SLOT = 8191  # so that the keys stay where they are while higher slots move, or odd ones (`modulo`)
VALUE = b"v" * 100
PAUSE_SECONDS = 0.001
PROBLEMS_MAX = 5
END_SECONDS = 60


@dataclasses.dataclass
class Waits:
    """In milliseconds; infinite where nothing was answered."""

    count: int
    p50: float
    p99: float
    longest: float
    problems: list


def hot_keys():
    found, number = [], 0
    while len(found) < KEYS:
        key = b"hot:%d" % number
        if slot_of(key) <= HIGHEST_SLOT and slot_of(key) % 2 == 0:
            found.append(key)
        number += 1
    return found


def once(address, state, place, keys):
    """One GET or SET of one key; returns what was wrong, if anything was."""
    try:
        if state["connection"] is None:
            state["connection"] = Connection(address, timeout=END_SECONDS)
        key = keys[place // 2 % KEYS]
        words = ("GET", key) if place % 2 else ("SET", key, VALUE)
        reply = state["connection"].run(*words)
        if isinstance(reply, ErrorReply):
            return str(reply)
        return None if reply in (b"OK", VALUE) else f"{words[0]}: {reply!r}"
    except OSError as error:
        if state["connection"] is not None:
            state["connection"].close()
        state["connection"] = None
        return repr(error)


def probe(address, pipe):
    keys, waits, problems, state, place = hot_keys(), [], [], {"connection": None}, 0
    for number in range(2 * KEYS):  # hot from now on; connecting is not measured either
        once(address, state, number, keys)
    pipe.send("ready")
    while not pipe.poll(PAUSE_SECONDS):
        began = time.monotonic()
        problem = once(address, state, place, keys)
        waits.append((time.monotonic() - began) * 1000)
        if problem and len(problems) < PROBLEMS_MAX:
            problems.append(problem)
        place += 1
    waits.sort()
    quantiles = [waits[int(share * (len(waits) - 1))] for share in (0.5, 0.99, 1)] if waits else [float("inf")] * 3
    pipe.send(Waits(len(waits), *quantiles, problems))


class HotProbe:
    """Measures from its making until `end`."""

    def __init__(self, address):
        context = multiprocessing.get_context("fork")
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=probe, args=(address, other), daemon=True)
        self.process.start()
        if not self.pipe.poll(END_SECONDS):
            raise SystemExit(f"{address} did not answer the hot keys' client within {END_SECONDS} s")
        self.pipe.recv()

    def end(self):
        self.pipe.send("end")
        if self.pipe.poll(END_SECONDS):
            told = self.pipe.recv()
        else:
            self.process.kill()
            told = Waits(0, float("inf"), float("inf"), float("inf"), [f"no answer within {END_SECONDS} s"])
        self.process.join()
        return told
