"""A client of Shoal's Redis protocol that knows clusters: it follows MOVED, waits while a shard has no leader, and tells
what was wrong on the way. Standard library only; for the soak tests beside this file."""

import binascii
import socket
import time

SLOTS = 16384
RETRY_SECONDS = 0.02
TIMEOUT_SECONDS = 10
# What a node may answer while a shard changes its leader or is being opened (docs/protocol.md).
TRANSIENT = ("CLUSTERDOWN", "LOADING", "MASTERDOWN", "NOREPLICAS", "TRYAGAIN", "READONLY", "UNBLOCKED")
CONNECTION_ENDED = "connection closed"
NOT_LISTENING = "connection refused"
TIMED_OUT = "timed out"
NO_LEADER_FOUND = "no node knows the slots"


def slot_of(key):
    """Redis Cluster's: CRC16 (XMODEM) of the key, or of its hash tag."""
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    return binascii.crc_hqx(key, 0) % SLOTS


class ErrorReply(Exception):
    """What a node answered with `-`."""

    @property
    def kind(self):
        return str(self).split(" ", 1)[0]


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        parts.append(b"$%d\r\n%b\r\n" % (len(word), word))
    return b"".join(parts)


class Connection:
    """One connection, with as many commands in flight as the caller likes. Not for several threads."""

    def __init__(self, address, timeout=TIMEOUT_SECONDS):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", buffering=1 << 16)

    def send(self, commands):
        self.socket.sendall(b"".join(map(encode, commands)))

    def read(self):
        """One reply: bytes, int, None, a list of them, or an `ErrorReply` (returned, not raised)."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError(CONNECTION_ENDED)
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return ErrorReply(rest.decode("utf-8", "replace"))
        if kind == b":":
            return int(rest)
        count = int(rest)
        if count < 0:
            return None
        if kind == b"*":
            return [self.read() for _ in range(count)]
        body = self.file.read(count + 2)
        if len(body) != count + 2:
            raise ConnectionError(CONNECTION_ENDED)
        return body[:-2]

    def run(self, *words):
        self.send([[word if isinstance(word, bytes) else str(word).encode() for word in words]])
        return self.read()

    def close(self):
        self.file.close()
        self.socket.close()


class ClusterClient:
    """Commands on single keys, in batches over all shards. One thread's."""

    def __init__(self, addresses, on_error, patience):
        """`on_error(kind, text)` hears of every answer that is no result. `patience` in seconds: a command without a
        result for so long is given up."""
        self.addresses, self.on_error, self.patience = list(addresses), on_error, patience
        self.connections = {}
        self.owners = [None] * SLOTS

    def connect_all(self):
        """Opens a connection to every node at once, so that nodes have as many descriptors at the beginning as later."""
        for address in self.addresses:
            self.connection(address)

    def connection(self, address):
        if address not in self.connections:
            self.connections[address] = Connection(address)
        return self.connections[address]

    def drop(self, address, error):
        connection = self.connections.pop(address, None)
        if connection:
            connection.close()
        if isinstance(error, ConnectionRefusedError):
            kind = NOT_LISTENING
        else:
            kind = TIMED_OUT if isinstance(error, TimeoutError) else CONNECTION_ENDED
        self.on_error(kind, f"{address}: {error}")

    def look_at_slots(self):
        for address in self.addresses:
            try:
                ranges = self.connection(address).run("CLUSTER", "SLOTS")
            except OSError as error:
                self.drop(address, error)
                continue
            if isinstance(ranges, list) and ranges:
                for first, last, leader, *_ in ranges:
                    owner = f"{leader[0].decode()}:{leader[1]}"
                    self.owners[first : last + 1] = [owner] * (last - first + 1)
                return
        self.on_error(NO_LEADER_FOUND, "CLUSTER SLOTS")

    def run(self, commands):
        """Each command has its key as its second word, and no key comes twice.

        Returns a reply for each, `None` for a missing value; an `ErrorReply` where patience ended or the error is not
        one that passes. A write is sent again after a lost connection: it must not matter whether it is done twice."""
        replies = [None] * len(commands)
        open_places = list(range(len(commands)))
        deadline = time.monotonic() + self.patience
        while open_places:
            again = self.round(commands, open_places, replies)
            if again and time.monotonic() > deadline:
                for place in again:
                    if not isinstance(replies[place], ErrorReply):
                        replies[place] = ErrorReply(TIMED_OUT)
                return replies
            # Whatever was wrong with these, it has not passed yet; MOVED alone is followed at once.
            if again and not all(self.is_moved(replies[place]) for place in again):
                time.sleep(RETRY_SECONDS)
                self.look_at_slots()
            open_places = again
        return replies

    @staticmethod
    def is_moved(reply):
        return isinstance(reply, ErrorReply) and reply.kind == "MOVED"

    def round(self, commands, places, replies):
        """Sends these commands once; returns the places of those to be sent again."""
        by_owner, again = {}, []
        for place in places:
            owner = self.owners[slot_of(commands[place][1])]
            if owner is None:
                self.look_at_slots()
                owner = self.owners[slot_of(commands[place][1])] or self.addresses[0]
            by_owner.setdefault(owner, []).append(place)
        for owner, own in by_owner.items():
            try:
                self.connection(owner).send([commands[place] for place in own])
            except OSError as error:
                self.drop(owner, error)
        for owner, own in by_owner.items():
            answered = 0
            try:
                # Lost while sending: there is nothing to read, and a new connection would wait for ever.
                if owner not in self.connections:
                    raise ConnectionError(CONNECTION_ENDED)
                for place in own:
                    replies[place] = self.connections[owner].read()
                    answered += 1
            except OSError as error:
                if owner in self.connections:
                    self.drop(owner, error)
                for place in own[answered:]:
                    replies[place] = None
                again += own[answered:]
            again += [place for place in own[:answered] if self.must_repeat(commands[place], replies[place])]
        return again

    def must_repeat(self, command, reply):
        if not isinstance(reply, ErrorReply):
            return False
        if reply.kind == "MOVED":
            self.owners[slot_of(command[1])] = str(reply).split()[2]
            return True
        self.on_error(reply.kind, str(reply))
        return reply.kind in TRANSIENT

    def close(self):
        for connection in self.connections.values():
            connection.close()
        self.connections = {}
