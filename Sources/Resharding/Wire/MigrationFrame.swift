import Model
import Replication

/// What the leaders of a move's two shards say to each other after the hello (`MigrationHello`). On the wire: length u32
/// (of the payload), kind u8, payload; little endian.
package enum MigrationFrame: Sendable {
    // MARK: The source's

    /// The copy begins; chunks follow.
    case accept(Acceptance)
    case refuse(Refusal, String)
    /// Before `copied`: what the engine has. Behind it: what the log has, in its order.
    case chunk(MigrationChunk)
    /// All of the copy was sent, so many keys.
    case copied(keys: UInt64)
    case mark(Mark)
    /// Writes are held, and everything up to `position`, the last record that says anything of the slots, was sent.
    case final(number: UInt64, position: Position)
    /// That hand-over is off; the slots stay at the source, and log is shipped as before.
    case released(number: UInt64, String)
    /// The slots are the target's, says the slot map of that version.
    case owned(number: UInt64, mapVersion: UInt64)

    // MARK: The target's

    /// Payload bytes of chunks that are committed in the target's shard, in all. Also its sign of life.
    case acknowledge(bytes: UInt64)
    /// Little is left: hold the writes and send the rest. Numbers rise within a link.
    case ask(number: UInt64)
    /// Everything up to the position of `final` is committed in the target's shard, and its log has jumped past it.
    case confirm(number: UInt64, term: UInt64)

    package struct Acceptance: Hashable, Sendable {
        /// The term in which the source's leader leads.
        package var term: UInt64
        /// Log is shipped from here; every chunk shows a state at or behind it.
        package var position: Position
        /// Of the slots when the copy began; for progress.
        package var keys: UInt64
        package var bytes: UInt64

        package init(term: UInt64, position: Position, keys: UInt64, bytes: UInt64) {
            self.term = term
            self.position = position
            self.keys = keys
            self.bytes = bytes
        }
    }

    /// How far the source has sent its log; also its sign of life.
    package struct Mark: Hashable, Sendable {
        /// The log was looked through up to this sequence, and what concerns the slots was sent.
        package var through: UInt64
        /// The source's newest committed record.
        package var end: UInt64
        /// Log between the two.
        package var bytesLeft: UInt64
        /// How slow commits are at the source against before, in percent (`RateGovernor.strain`).
        package var strain: UInt32

        package init(through: UInt64, end: UInt64, bytesLeft: UInt64, strain: UInt32) {
            self.through = through
            self.end = end
            self.bytesLeft = bytesLeft
            self.strain = strain
        }
    }

    /// Why a source does not begin. All but the first two may be otherwise soon.
    package enum Refusal: UInt8, Sendable, CaseIterable {
        case wrongCluster = 1
        case wrongShard
        /// It leads no more, or not yet.
        case notLeader
        /// It does not know the job (yet), or not as one that moves slots.
        case unknownJob
        /// The slots are not its own, as far as it knows.
        case notOwner
        /// Whether an earlier hand-over of these slots was written is not known yet.
        case deciding
        /// It knows a later term of the target.
        case lowerTerm
        case busy
    }

    enum Kind: UInt8, CaseIterable {
        case accept = 1, refuse, chunk, copied, mark, final, released, owned
        case acknowledge = 64, ask, confirm
    }
}

extension MigrationFrame.Kind {
    var isTargets: Bool { rawValue >= MigrationFrame.Kind.acknowledge.rawValue }

    /// The most that a payload of this kind may have.
    var payloadBytesMax: Int {
        switch self {
        case .chunk: MigrationChunk.bytesMax
        case .accept: 40
        case .refuse: 1 + ReshardJobLimits.textBytesMax
        case .released: 8 + ReshardJobLimits.textBytesMax
        case .copied, .acknowledge, .ask: 8
        case .mark: 28
        case .final: 24
        case .owned, .confirm: 16
        }
    }
}
