/// What a commit must wait for. Set by the node's leadership, checked by the store when a batch is sealed and again before
/// it becomes visible. Guarded by the store's lock.
package struct CommitQuorum: Sendable {
    /// A batch is committed only when `replicatedSequence` has reached it.
    package var waitsForReplicas = false
    /// Every member that writes wait for has the log up to here on its disk, in this term.
    package var replicatedSequence: UInt64 = 0
    /// Members of the in-sync set, this one included: whatever is committed is on the disks of at least so many. While a
    /// change of the set is under way, the smaller number.
    package var members = 1
    /// MinInSync: with fewer members, writes are refused, and a batch is not acknowledged.
    package var membersMin = 1

    package init() {}

    @inline(__always)
    func allowsCommit(of sequence: UInt64) -> Bool { !waitsForReplicas || sequence <= replicatedSequence }

    @inline(__always)
    var hasEnoughMembers: Bool { members >= membersMin }

    var tooFewMembers: StorageError {
        StorageError(.tooFewInSync, "the in-sync set has \(CommitQuorum.counted(members)), MinInSync is \(membersMin)")
    }

    /// `1 member`, `2 members`.
    package static func counted(_ members: Int) -> String { members == 1 ? "1 member" : "\(members) members" }
}

/// Commands that wait while a change of leader is under way. Guarded by the store's lock.
package enum IntakeHold: Sendable {
    case none
    /// New writes wait.
    case writes
    /// Reads wait as well: another node may be the leader already.
    case all
}
