"""The load of the soak test: uniform overwrites and reads with TTLs, by clients that remember what they were told."""

import binascii
import collections
import random
import threading
import time

from cluster_client import ClusterClient, ErrorReply

VALUE_BYTES = 1024
BATCH = 32
# Of 100 commands: reads, writes that stay, and writes with a TTL.
READS, WRITES = 50, 45
TTL_SECONDS = (1, 8)
# Keys with a TTL for each thousand without.
TTL_KEYS_PER_MILLE = 50
# A reply may be that much older than the moment at which it is looked at.
CLOCK_SLACK_SECONDS = 0.05
GIVE_UP_SECONDS = 30
PROBLEMS_MAX = 20  # kept word for word; more are only counted

# Values are slices of this: no two neighbours in an engine have the same bytes to compress.
NOISE = random.Random(1).randbytes(1 << 20)


def value_of(worker, place, version):
    head = b"%d:%d:%d:" % (worker, place, version)
    start = binascii.crc32(head) % (len(NOISE) - VALUE_BYTES)
    return head + NOISE[start : start + VALUE_BYTES - len(head)]


class ErrorLog:
    """What clients were answered that was no result, by kind and by whether a change was going on. Any thread."""

    def __init__(self, is_changing):
        self.is_changing = is_changing
        self.lock = threading.Lock()
        self.during_change = collections.Counter()
        self.otherwise = collections.Counter()
        self.examples = {}

    def note(self, kind, text):
        with self.lock:
            tally = self.during_change if self.is_changing() else self.otherwise
            tally[kind] += 1
            self.examples.setdefault(kind, text)


class LoadWorker(threading.Thread):
    """One client with keys of its own: nobody else writes them, so it knows what each must be."""

    def __init__(self, number, addresses, keys, per_second, errors):
        super().__init__(daemon=True)
        self.number, self.per_second, self.errors = number, per_second, errors
        self.random = random.Random(number)
        self.versions = [0] * keys  # acknowledged; 0: never written
        # Versions that were sent and given up: any of them may be there.
        self.doubtful = {}
        # When a key with a TTL is surely there until, and surely gone from; absent: never written.
        self.ttl_bounds = {}
        self.ttl_versions = [0] * max(1, keys * TTL_KEYS_PER_MILLE // 1000)
        self.client = ClusterClient(addresses, errors.note, GIVE_UP_SECONDS)
        self.ending = threading.Event()
        self.filled = threading.Event()
        self.reads = self.writes = self.problem_count = 0
        self.problems = []

    def key(self, place):
        return b"soak:%d:%d" % (self.number, place)

    def ttl_key(self, place):
        return b"ttl:%d:%d" % (self.number, place)

    def run(self):
        try:
            self.client.connect_all()
            self.fill()
            self.filled.set()
            while not self.ending.is_set():
                self.step()
            self.read_back()
        except Exception as error:  # a thread's end must not look like a quiet load
            self.problem(f"worker {self.number} ended: {error!r}")
        finally:
            self.filled.set()
            self.client.close()

    def problem(self, text):
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_MAX:
            self.problems.append(text)

    def fill(self):
        for start in range(0, len(self.versions), BATCH):
            self.write(range(start, min(start + BATCH, len(self.versions))))
            if self.ending.is_set():
                return

    def step(self):
        began = time.monotonic()
        places = self.random.sample(range(len(self.versions)), min(BATCH, len(self.versions)))
        reads, writes = BATCH * READS // 100, BATCH * WRITES // 100
        self.write(places[reads : reads + writes])
        self.read(places[:reads])
        count = min(BATCH - reads - writes, len(self.ttl_versions))
        ttl_places = self.random.sample(range(len(self.ttl_versions)), count)
        self.read_with_ttl(ttl_places)
        self.write_with_ttl(ttl_places)
        rest = BATCH / self.per_second - (time.monotonic() - began)
        if rest > 0:
            self.ending.wait(rest)

    def write(self, places):
        places = list(places)
        commands = [
            [b"SET", self.key(place), value_of(self.number, place, self.next_version(place))] for place in places
        ]
        for place, reply in zip(places, self.client.run(commands)):
            if reply == b"OK":
                self.versions[place] = self.next_version(place)
                self.doubtful.pop(place, None)
            else:
                self.doubtful.setdefault(place, set()).add(self.next_version(place))
                self.problem(f"SET {self.key(place).decode()}: {reply!r}")
        self.writes += len(places)

    def next_version(self, place):
        return max([self.versions[place], *self.doubtful.get(place, ())]) + 1

    def read(self, places):
        for place, reply in zip(places, self.client.run([[b"GET", self.key(place)] for place in places])):
            self.check(place, reply)
        self.reads += len(places)

    def check(self, place, reply):
        """Whether a reply to GET is what was last acknowledged, or in doubt since."""
        allowed = [self.versions[place], *self.doubtful.get(place, ())]
        if any(reply == (value_of(self.number, place, version) if version else None) for version in allowed):
            return
        said = str(reply) if isinstance(reply, ErrorReply) else repr(reply and reply[:40])
        self.problem(f"GET {self.key(place).decode()}: {said}, acknowledged was version {self.versions[place]}")

    def write_with_ttl(self, places):
        seconds = [self.random.uniform(*TTL_SECONDS) for _ in places]
        commands = []
        for place, ttl in zip(places, seconds):
            self.ttl_versions[place] += 1
            value = value_of(self.number, place, self.ttl_versions[place])
            commands.append([b"SET", self.ttl_key(place), value, b"PX", b"%d" % (ttl * 1000)])
        sent = time.monotonic()
        replies = self.client.run(commands)
        answered = time.monotonic()
        for place, ttl, reply in zip(places, seconds, replies):
            if reply == b"OK":
                self.ttl_bounds[place] = (sent + ttl - CLOCK_SLACK_SECONDS, answered + ttl + CLOCK_SLACK_SECONDS)
            else:
                self.ttl_bounds.pop(place, None)
                self.problem(f"SET {self.ttl_key(place).decode()} PX: {reply!r}")
        self.writes += len(places)

    def read_with_ttl(self, places):
        sent = time.monotonic()
        replies = self.client.run([[b"GET", self.ttl_key(place)] for place in places])
        answered = time.monotonic()
        for place, reply in zip(places, replies):
            if place not in self.ttl_bounds:
                continue  # never written, or its last write is in doubt
            there_until, gone_from = self.ttl_bounds[place]
            name = self.ttl_key(place).decode()
            if isinstance(reply, ErrorReply):
                self.problem(f"GET {name}: {reply}")
            elif reply is None and answered < there_until:
                self.problem(f"GET {name}: nothing, {there_until - answered:.2f} s before its expiry")
            elif reply is not None and sent > gone_from:
                self.problem(f"GET {name}: a value, {sent - gone_from:.2f} s after its expiry")
            elif reply is not None and reply != value_of(self.number, place, self.ttl_versions[place]):
                self.problem(f"GET {name}: another value than was acknowledged: {reply[:40]!r}")
        self.reads += len(places)

    def read_back(self):
        """All keys without a TTL, at the end."""
        for start in range(0, len(self.versions), BATCH):
            self.read(range(start, min(start + BATCH, len(self.versions))))
