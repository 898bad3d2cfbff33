import Model
import Replication

/// What the machines of one led term share.
struct LedShard {
    let identity: ReshardingMachine.Identity
    var snapshot: CoordinatorSnapshot
    /// What the log says this shard owns, as far as it is committed.
    var owned: SlotSet
    /// The ownership record that is being appended, if any.
    var ownershipChange: OwnershipMachine.Change?
    /// Slots whose writes are held for a hand-over, of all links.
    var handingOver = SlotSet()
    var commitSequence: UInt64
    /// How slow commits are here against before, in percent.
    var strain: UInt32 = 100
    private var lastNumber: UInt64 = 0

    init(identity: ReshardingMachine.Identity, snapshot: CoordinatorSnapshot, owned: SlotSet, commitSequence: UInt64) {
        self.identity = identity
        self.snapshot = snapshot
        self.owned = owned
        self.commitSequence = commitSequence
    }

    var shard: String { identity.shard }
    func plants(_ bug: ReshardingBugs) -> Bool { identity.planted.contains(bug) }

    /// A number for something whose answer names it.
    mutating func number() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    /// Whether the snapshot is of this term. An older one may have a map that a former leader has changed since; with a
    /// later one this lead is over, and what would be compared is another's.
    var isInformed: Bool { snapshot.record(of: shard)?.term == identity.term }

    /// The job, if slots may move by it.
    var movingJob: ReshardJob? { snapshot.job.flatMap { $0.state.mayMove ? $0 : nil } }

    /// Whether the log has these slots, with nothing under way that would take them out.
    func ownsSafely(_ slots: SlotSet) -> Bool {
        slots.isSubset(of: owned) && ownershipChange.map { $0.disown.isDisjoint(with: slots) } ?? true
    }
}

/// Mistakes that the simulation plants to show that it would find them. Empty outside of tests.
package struct ReshardingBugs: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// The hand-over does not wait for what is in flight.
    package static let handsOverUndrained = ReshardingBugs(rawValue: 1)
    /// Log is shipped from the end of the copy, not from its beginning.
    package static let logFromEndOfCopy = ReshardingBugs(rawValue: 2)
    /// The target's log does not jump past the source's end.
    package static let noJump = ReshardingBugs(rawValue: 4)
    /// The compare-and-swap of the map does not compare the target's record.
    package static let targetNotCompared = ReshardingBugs(rawValue: 8)
    /// A target serves what it has confirmed before the map says so.
    package static let servesWhenConfirmed = ReshardingBugs(rawValue: 16)
    /// A target that lost its link clears what it has confirmed, and begins anew.
    package static let clearsPromised = ReshardingBugs(rawValue: 32)
    /// A compare-and-swap without an answer counts as not done.
    package static let unknownIsRefused = ReshardingBugs(rawValue: 64)
    /// Reads go on at the source while the compare-and-swap is under way.
    package static let readsDuringProposal = ReshardingBugs(rawValue: 128)
    /// What an earlier attempt left at the target is not cleared.
    package static let noClearing = ReshardingBugs(rawValue: 256)
    /// The compare-and-swap of the map does not compare the job. Planted in the simulation's coordinator.
    package static let jobNotCompared = ReshardingBugs(rawValue: 512)

    // MARK: Of the drivers

    /// A source reads the whole copy in one view of its engine, which it never renews.
    package static let keepsView = ReshardingBugs(rawValue: 1024)
    /// Slots whose writes were held for a hand-over that failed stay held.
    package static let keepsHolds = ReshardingBugs(rawValue: 2048)
    /// Connections of moves outlive the leadership that they were opened for.
    package static let keepsStreams = ReshardingBugs(rawValue: 4096)
    /// A target counts as written what it has only begun to write.
    package static let acknowledgesEarly = ReshardingBugs(rawValue: 8192)
}
