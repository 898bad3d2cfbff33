/// What a leader is allowed: until when, and what a commit must wait for. Set by the node's leadership, checked by the
/// store when a batch is sealed and again before it becomes visible. Guarded by the store's lock.
package struct Mandate: Sendable {
    /// CLOCK_BOOTTIME in nanoseconds at which the lease has run out, margin included; `.max` without a coordinator.
    package var leaseEnd = UInt64.max
    /// A batch is committed only when `replicatedSequence` has reached it.
    package var waitsForReplicas = false
    /// Every member that writes wait for has the log up to here on its disk, in this term.
    package var replicatedSequence: UInt64 = 0
    /// New writes wait at the door: a change of leader is under way.
    package var isHeld = false
    /// Reads wait as well: another may lead already.
    package var holdsReads = false
    /// Why writes are refused although this node leads.
    package var refusal: StorageError?

    package init() {}

    @inline(__always)
    var isValid: Bool { leaseEnd == .max || Clock.bootNanoseconds() < leaseEnd }

    @inline(__always)
    func allowsCommit(of sequence: UInt64) -> Bool { !waitsForReplicas || sequence <= replicatedSequence }
}
