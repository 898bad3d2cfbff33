import Model
import Synchronization

/// Until when this node may act as the leader, and whether it does: read before and after whatever only a leader may do.
///
/// Renewed and checked without a lock: what keeps a leader alive waits for no command.
package final class LeaderLease: Sendable {
    /// CLOCK_BOOTTIME in nanoseconds at which the lease has run out, margin included; `.max` without a coordinator.
    private let end = Atomic<UInt64>(.max)
    /// How far the node's own term is.
    private let stage = Atomic<Stage>(.none)

    private enum Stage: UInt8, AtomicRepresentable {
        /// It leads in none. Of one that has ended nothing more is committed, whatever lease another term brings.
        case none
        /// The record that starts it is on its way.
        case beginning
        /// That record is committed.
        case leading
    }

    /// Serves nothing, and publishes nothing, from this moment of the boot-time clock on.
    func set(until nanoseconds: UInt64) { end.store(nanoseconds, ordering: .sequentiallyConsistent) }

    /// Whether the node's term has begun and is committed.
    var isLeader: Bool { stage.load(ordering: .sequentiallyConsistent) == .leading }

    /// Whether a batch of the node's term may be committed: it leads in it, or this is the batch that starts it.
    var mayCommit: Bool { stage.load(ordering: .sequentiallyConsistent) != .none && isValid }

    /// A term begins: with its first batch.
    func beginTerm() { stage.store(.beginning, ordering: .sequentiallyConsistent) }

    /// The batch that starts the term is committed; unless the term has ended meanwhile, the node leads in it.
    func takeTerm() {
        _ = stage.compareExchange(expected: .beginning, desired: .leading, ordering: .sequentiallyConsistent)
    }

    func endTerm() { stage.store(.none, ordering: .sequentiallyConsistent) }

    /// Whether the lease, if there is one, still holds.
    @inline(__always)
    package var isValid: Bool {
        let end = end.load(ordering: .sequentiallyConsistent)
        return end == .max || Clock.bootNanoseconds() < end
    }
}
