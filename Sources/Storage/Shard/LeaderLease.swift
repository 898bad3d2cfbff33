import Model
import Synchronization

/// Until when this node may act as the leader, and whether it does: read before and after whatever only a leader may do.
///
/// Renewed and checked without a lock: what keeps a leader alive waits for no command.
package final class LeaderLease: Sendable {
    /// CLOCK_BOOTTIME in nanoseconds at which the lease has run out, margin included; `.max` without a coordinator.
    private let end = Atomic<UInt64>(.max)
    /// Whether the node's term has begun and is committed.
    private let isHeld = Atomic<Bool>(false)

    /// Serves nothing, and publishes nothing, from this moment of the boot-time clock on.
    func set(until nanoseconds: UInt64) { end.store(nanoseconds, ordering: .sequentiallyConsistent) }

    var isLeader: Bool {
        get { isHeld.load(ordering: .sequentiallyConsistent) }
        set { isHeld.store(newValue, ordering: .sequentiallyConsistent) }
    }

    /// Whether the lease, if there is one, still holds.
    @inline(__always)
    package var isValid: Bool {
        let end = end.load(ordering: .sequentiallyConsistent)
        return end == .max || Clock.bootNanoseconds() < end
    }
}
