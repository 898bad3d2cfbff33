/// Mistakes that the simulation plants to show that it would find them. Empty outside of tests.
package struct PlantedBugs: OptionSet, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Any replica may lead, in the in-sync set or not.
    package static let electionIgnoresInSync = PlantedBugs(rawValue: 1)
    /// A leader goes on after its lease.
    package static let noLeaseCheck = PlantedBugs(rawValue: 2)
    /// Two logs are one if they have the same length.
    package static let sequenceWithoutTerm = PlantedBugs(rawValue: 4)
    /// A replica enters the in-sync set although writes don't wait for it yet.
    package static let growthBeforeWaiting = PlantedBugs(rawValue: 8)
    /// A replica applies what it has on its disk, committed or not.
    package static let appliesBeyondCommit = PlantedBugs(rawValue: 16)
    /// A failed NX is answered before the write it saw is committed. Planted in the simulation's store.
    package static let earlyConditionalReply = PlantedBugs(rawValue: 32)

    // Of the drivers.

    /// A replica acknowledges batches that are written and not synced yet.
    package static let acknowledgementBeforeSync = PlantedBugs(rawValue: 64)
    /// A follower's stream goes on when its leader stops.
    package static let streamOutlivesStop = PlantedBugs(rawValue: 128)
    /// The log that a snapshot needs at its end is not kept while it is sent.
    package static let snapshotPinLetGo = PlantedBugs(rawValue: 256)
    /// A lease counts from the coordinator's answer, not from before it was asked.
    package static let leaseFromAnswer = PlantedBugs(rawValue: 512)
    /// Commands stay held when leadership could not be handed over.
    package static let holdOutlivesHandOver = PlantedBugs(rawValue: 1_024)
    /// What was there before a watch was lost, and is gone since, stays known.
    package static let goneIsKeptAfterLostWatch = PlantedBugs(rawValue: 2_048)
    /// A watch that was lost is not followed by another.
    package static let lostWatchIsNotReplaced = PlantedBugs(rawValue: 4_096)
    /// A node that may have begun the cluster takes it that it has.
    package static let unknownBeginningIsTaken = PlantedBugs(rawValue: 8_192)
    /// A node that waits for the coordinator before it asks again does not hear that it is stopped.
    package static let joinSleepsThroughStop = PlantedBugs(rawValue: 16_384)
    /// A batch of a term that has ended is committed by the lease of the next one.
    package static let endedTermCommits = PlantedBugs(rawValue: 32_768)
}
