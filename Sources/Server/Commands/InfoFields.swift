import Model

/// What INFO tells, as plain values; the caller gathers them. Bytes, seconds and counts since the start of the node
/// unless said otherwise.
package struct InfoFields: Sendable {
    /// The version of Shoal.
    package var shoalVersion = "0.1.0"
    package var cluster = ""
    package var shard = ""
    package var address = NodeAddress(host: "127.0.0.1", port: 1)
    package var engine = "lmdb"
    package var durability = "fsync"
    package var processID: Int32 = 0
    package var uptimeSeconds: UInt64 = 0

    package var connections: UInt64 = 0
    package var connectionsReceived: UInt64 = 0
    package var connectionsRefused: UInt64 = 0
    package var connectionsMax = 0
    /// Connections that wait for replicas.
    package var connectionsWaiting: UInt64 = 0

    /// What the node itself holds in memory (the hot table); 0 if not known.
    package var memoryBytes: UInt64 = 0
    /// Resident memory of the process.
    package var residentBytes: UInt64 = 0

    package var commands: UInt64 = 0
    /// Replies that told of an error.
    package var errors: UInt64 = 0
    /// Over the last seconds.
    package var operationsPerSecond: UInt64 = 0
    package var networkInputBytes: UInt64 = 0
    package var networkOutputBytes: UInt64 = 0
    package var readHits: UInt64 = 0
    package var readMisses: UInt64 = 0

    package var isLeader = true
    /// On a replica.
    package var leader: NodeAddress?
    /// On a replica: whether the stream from the leader is up.
    package var isLinked = false
    /// On a replica: seconds since the leader was last heard.
    package var secondsSinceLeader: UInt64 = 0
    /// The last sequence in the node's log.
    package var sequence: UInt64 = 0
    /// On a leader.
    package var replicas: [Replica] = []

    /// Seconds of processor time of the process.
    package var systemSeconds = 0.0
    package var userSeconds = 0.0

    package var keys: UInt64 = 0
    package var slots = 0
    package var mapVersion: UInt64 = 0

    /// A replica as its leader sees it.
    package struct Replica: Sendable {
        package var address: NodeAddress
        package var isOnline: Bool
        package var sequence: UInt64
        package var lagSeconds: UInt64

        package init(address: NodeAddress, isOnline: Bool, sequence: UInt64, lagSeconds: UInt64) {
            self.address = address
            self.isOnline = isOnline
            self.sequence = sequence
            self.lagSeconds = lagSeconds
        }
    }

    package init() {}
}
