import Foundation
import Replication
import Testing

@Suite struct SimulationTests {
    @Test func everySeedIsClean() async {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SHOAL_SEED"].flatMap(UInt64.init) {
            let planted = PlantedBugs(rawValue: environment["SHOAL_PLANTED"].flatMap(Int.init) ?? 0)
            let result = Simulation.run(seed: seed, planted: planted, traces: environment["SHOAL_TRACE"] == "1")
            for line in result.trace { print(line) }
            print(
                "seed \(seed): \(result.violation ?? "no violation"), \(result.faults) faults, \(result.events) events"
            )
            #expect(result.violation == nil)
            return
        }
        let count = environment["SHOAL_SEEDS"].flatMap(UInt64.init) ?? 300
        let summary = await Simulation.run(seeds: 1...count)
        print(summary.text)
        for failure in summary.failures {
            Issue.record("seed \(failure.seed): \(failure.violation ?? "")\n\(Simulation.replay(failure.seed))")
        }
        #expect(summary.faults >= 200 * Int(count))
    }

    private static let bugs: [(PlantedBugs, String)] = [
        (.electionIgnoresInSync, "election ignores the in-sync set"),
        (.noLeaseCheck, "no lease check at commit"),
        (.sequenceWithoutTerm, "sequence compared without term"),
        (.growthBeforeWaiting, "a replica let into the set before writes wait for it"),
        (.appliesBeyondCommit, "applying beyond the commit position"),
        (.earlyConditionalReply, "a failed NX answered before the write it saw is durable"),
        (.acknowledgementBeforeSync, "a replica's acknowledgement before the sync"),
        (.streamOutlivesStop, "a follower's stream that a stop does not end"),
        (.snapshotPinLetGo, "a snapshot's pin on the log let go too early"),
        (.leaseFromAnswer, "a lease renewed from the time of its answer"),
        (.holdOutlivesHandOver, "a hold not released after a failed hand-over"),
        (.goneIsKeptAfterLostWatch, "members that went while a watch was lost, kept in the view"),
        (.lostWatchIsNotReplaced, "a lost watch that no other follows"),
        (.unknownBeginningIsTaken, "an unknown outcome of the first map taken for success"),
        (.joinSleepsThroughStop, "a node that waits for the coordinator and does not hear its stop"),
        (.endedTermCommits, "a batch of a term that has ended, committed by the lease of the next one"),
    ]

    /// Each of these is a mistake that would lose or invent data, and the simulation finds it; the same seeds are clean
    /// without it.
    @Test(arguments: 0..<15) func aPlantedBugIsFound(index: Int) async {
        let (bug, words) = SimulationTests.bugs[index]
        guard let found = await Simulation.firstViolation(planted: bug, seeds: 1...1_000) else {
            Issue.record("not found in 1,000 seeds: \(words)")
            return
        }
        print("planted: \(words): found at seed \(found.seed): \(found.violation?.prefix(200) ?? "")")
        #expect(Simulation.run(seed: found.seed).violation == nil)
    }
}
