import Model
import Storage

/// What leader and follower say to each other after the hello. On the wire: length u32 (of the payload), kind u8,
/// payload; little endian.
package enum PeerFrame: Sendable {
    /// Log records, byte for byte as in the leader's log. Checked by the parser: checksum and structure are right.
    case batch(LogBatch)
    case heartbeat(Heartbeat)
    /// From here on batches follow that record; the follower checks term and sequence against its own end.
    case resume(after: Position)
    /// The follower's log has a tail that the leader doesn't: cut behind the newest record not beyond this one.
    case truncate(after: Position)
    case snapshotBegin(SnapshotBegin)
    case snapshotChunk(SnapshotChunk)
    /// All chunks were sent; `keys` entries in all. `owned`: what the shard owns by its log, as of that position or later;
    /// nil while no record has said so.
    case snapshotEnd(position: Position, keys: UInt64, owned: SlotOwnership?)
    case refuse(Refusal, String)
    /// Another leads: the record of the shard, ahead of the coordinator's watch.
    case leaderChanged(SeenRecord)
    case acknowledge(Acknowledge)

    /// The leader's sign of life.
    package struct Heartbeat: Hashable, Sendable {
        /// The leader's term.
        package var term: UInt64
        /// The last record on the leader's disk when this was made.
        package var lastSequence: UInt64
        /// The newest committed record.
        package var commitSequence: UInt64
        /// Bytes of log that this connection has not been sent yet (an estimate until it was caught up once).
        package var unsentBytes: UInt64
        /// The newest clock stamp of the follower that the leader had seen; 0 for none.
        package var echo: UInt64

        package init(term: UInt64, lastSequence: UInt64, commitSequence: UInt64, unsentBytes: UInt64, echo: UInt64) {
            self.term = term
            self.lastSequence = lastSequence
            self.commitSequence = commitSequence
            self.unsentBytes = unsentBytes
            self.echo = echo
        }
    }

    /// What a snapshot is going to be. `keys` and `bytes` are for progress only; `snapshotEnd` has the exact count.
    package struct SnapshotBegin: Hashable, Sendable {
        package var position: Position
        package var keys: UInt64
        package var bytes: UInt64
        /// The leader's engine; the snapshot itself doesn't depend on it.
        package var engine: String

        package init(position: Position, keys: UInt64, bytes: UInt64, engine: String) {
            self.position = position
            self.keys = keys
            self.bytes = bytes
            self.engine = engine
        }
    }

    /// The follower's answer to nearly everything.
    package struct Acknowledge: Hashable, Sendable {
        /// The last record on the follower's disk; `.zero` while it needs a snapshot.
        package var durable: Position
        package var appliedSequence: UInt64
        /// Entries of the running snapshot that are installed.
        package var installedKeys: UInt64
        /// The follower's monotonic clock in milliseconds, when this was made.
        package var stamp: UInt64

        /// Contents are unusable until a snapshot is installed completely.
        package var needsSnapshot: Bool
        /// The follower is going to stop: writes need not wait for it any longer than it takes to say so.
        package var isLeaving: Bool

        package init(
            durable: Position,
            appliedSequence: UInt64,
            installedKeys: UInt64,
            stamp: UInt64,
            needsSnapshot: Bool,
            isLeaving: Bool = false
        ) {
            self.durable = durable
            self.appliedSequence = appliedSequence
            self.installedKeys = installedKeys
            self.stamp = stamp
            self.needsSnapshot = needsSnapshot
            self.isLeaving = isLeaving
        }
    }

    /// Why a leader doesn't replicate to a follower.
    package enum Refusal: UInt8, Sendable {
        case wrongCluster = 1
        case wrongShard = 2
        /// The follower has records of a later term than this leader's.
        case lowerTerm = 3
        /// The follower has records of the leader's own term that the leader has not: the leader lost its log.
        case leaderLostLog = 4
        case notLeader = 5
    }

    enum Kind: UInt8 {
        case batch = 1, heartbeat, resume, truncate, snapshotBegin, snapshotChunk, snapshotEnd, refuse, leaderChanged
        case acknowledge = 64
    }
}
