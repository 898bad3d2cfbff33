/// One node's object of the status document (docs/protocol.md).
package struct NodeStatus: Codable, Hashable, Sendable {
    package enum Role: String, Codable, Sendable { case leader, replica }

    package enum State: String, Codable, Sendable {
        case starting, running, syncing, stopped, unreachable, failed
    }

    /// How far a replica is behind its leader; zeros on a leader.
    package struct Lag: Codable, Hashable, Sendable {
        package var milliseconds = 0
        package var entries = 0
        package var bytes = 0
        package init(milliseconds: Int = 0, entries: Int = 0, bytes: Int = 0) {
            self.milliseconds = milliseconds
            self.entries = entries
            self.bytes = bytes
        }
    }

    package struct Rates: Codable, Hashable, Sendable {
        package var read = 0
        package var write = 0
        package init(read: Int = 0, write: Int = 0) {
            self.read = read
            self.write = write
        }
    }

    package struct Percentiles: Codable, Hashable, Sendable {
        package var p50 = 0
        package var p99 = 0
        package init(p50: Int = 0, p99: Int = 0) {
            self.p50 = p50
            self.p99 = p99
        }
    }

    package struct Latency: Codable, Hashable, Sendable {
        package var read = Percentiles()
        package var write = Percentiles()
        package init(read: Percentiles = Percentiles(), write: Percentiles = Percentiles()) {
            self.read = read
            self.write = write
        }
    }

    package var schema = 1
    package var cluster: String
    package var shard: String
    package var address: String
    package var role: Role
    package var state: State
    /// `lmdb` or `rocksdb`.
    package var engine: String
    /// `fsync` or `os`.
    package var durability: String
    /// `loop` or `thread`: where the sync runs.
    package var commit = "loop"
    /// `loop` or `pool`: where reads of the engine run. nil: the node does not tell.
    package var reads: String? = "loop"
    package var keys = 0
    package var bytes = 0
    /// `T-S` of the newest committed record.
    package var position = "0-0"
    package var inSync = false
    package var lag = Lag()
    package var opsPerSecond = Rates()
    /// Microseconds from the arrival of a command to its reply.
    package var latencyMicroseconds = Latency()
    /// nil while the shard is not open.
    package var leadership: Leadership?
    /// The newest changes of the shard's lead that this node had a part in, oldest first; they outlive the shard's
    /// stop. nil: the node does not tell.
    package var changes: [Change]?
    /// nil while the shard is not open.
    package var map: Map?
    /// The reshard that is under way, with nothing but this node's own part of what is being copied; nil without one.
    package var reshard: ReshardStatus?
    /// Numbers about files and memory by the names they have in the metrics (`log_bytes`). nil while the shard is not open.
    package var storage: [String: UInt64]?
    package var uptimeSeconds = 0
    package var version: String
    /// How well the node is; `down` is its own part of the shard. nil: the node does not tell.
    package var health: Health?
    /// Why the state is what it is, or what is going on (with a percentage while opening, replaying or syncing).
    package var message = ""

    enum CodingKeys: String, CodingKey {
        case schema, cluster, shard, address, role, state, engine, durability, commit, reads, keys, bytes, position
        case inSync = "in_sync"
        case lag
        case opsPerSecond = "ops_per_second"
        case latencyMicroseconds = "latency_us"
        case leadership, changes, map, reshard, storage
        case uptimeSeconds = "uptime_seconds"
        case version, health, message
    }

    package init(
        cluster: String,
        shard: String,
        address: String,
        role: Role,
        state: State,
        engine: String,
        durability: String,
        version: String,
        message: String = ""
    ) {
        self.cluster = cluster
        self.shard = shard
        self.address = address
        self.role = role
        self.state = state
        self.engine = engine
        self.durability = durability
        self.version = version
        self.message = message
    }
}
