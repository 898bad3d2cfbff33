import Foundation
import Resharding
import Testing

@Suite struct ReshardSimulationTests {
    private static func run(seed: UInt64, planted: ReshardingBugs = [], traces: Bool = false) -> ReshardResult {
        guard let cluster = ReshardCluster(seed: seed, planted: planted, traces: traces) else {
            return ReshardResult(seed: seed, violation: "no cluster could be made")
        }
        return cluster.simulate()
    }

    private static func replay(_ seed: UInt64) -> String { "make simulate-reshard SEED=\(seed) TRACE=1" }

    /// All seeds of the range, on two cores.
    private static func run(seeds: ClosedRange<UInt64>) async -> [ReshardResult] {
        await withTaskGroup(of: [ReshardResult].self) { group in
            for part in 0..<2 as Range<UInt64> {
                group.addTask {
                    var results: [ReshardResult] = []
                    for seed in seeds where seed % 2 == part {
                        let result = run(seed: seed)
                        // At once: a long run may be interrupted.
                        if let violation = result.violation { print("seed \(seed): \(violation)\n\(replay(seed))") }
                        results.append(result)
                        if results.count % 500 == 0 { print("\(results.count) of half the seeds are done") }
                    }
                    return results
                }
            }
            var all: [ReshardResult] = []
            for await part in group { all += part }
            return all
        }
    }

    private static func summary(_ results: [ReshardResult]) -> String {
        func mean(_ field: (ReshardResult) -> Int) -> Int {
            results.reduce(0) { $0 + field($1) } / max(1, results.count)
        }
        let covered = results.reduce(into: [String: Int]()) { $0.merge($1.covered) { $0 + $1 } }
        return """
            reshard simulation: \(results.count) seeds, \(results.filter { $0.violation != nil }.count) with a violation; \
            per seed \(mean(\.events)) events, \(mean(\.strikes)) faults, \(mean(\.jobs)) jobs, \(mean(\.moves)) changes of \
            the map, \(mean(\.conflicts)) conflicts, \(mean(\.terms)) terms, \(mean(\.writes)) writes, \(mean(\.reads)) \
            reads, \(mean(\.replicaReads)) at replicas, \(mean(\.refusals)) given up; \(covered.count) kinds of faults at steps
            """
    }

    @Test func everyReshardIsClean() async {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SHOAL_SEED"].flatMap(UInt64.init) {
            let planted = ReshardingBugs(rawValue: environment["SHOAL_PLANTED"].flatMap(Int.init) ?? 0)
            let result = Self.run(seed: seed, planted: planted, traces: environment["SHOAL_TRACE"] == "1")
            for line in result.trace { print(line) }
            print(Self.summary([result]))
            print("seed \(seed): \(result.violation ?? "no violation")")
            #expect(result.violation == nil)
            return
        }
        let count = environment["SHOAL_SEEDS"].flatMap(UInt64.init) ?? 100
        let results = await Self.run(seeds: 1...count)
        print(Self.summary(results))
        for result in results {
            if let violation = result.violation {
                Issue.record("seed \(result.seed): \(violation)\n\(Self.replay(result.seed))")
            }
        }
        #expect(results.reduce(0) { $0 + $1.strikes } >= 40 * Int(count))
        #expect(results.reduce(0) { $0 + $1.moves } >= 5 * Int(count), "hardly anything moved")
    }

    /// Drivers and machines do the same each time: nothing depends on threads, real clocks or the order of a hash table.
    @Test func aSeedRepeatsItsRun() {
        let (first, second) = (Self.run(seed: 7, traces: true), Self.run(seed: 7, traces: true))
        #expect(first.trace == second.trace)
        #expect(first.events == second.events)
    }

    private static let bugs: [(ReshardingBugs, String)] = [
        (.handsOverUndrained, "a hand-over that does not wait for what is in flight"),
        (.logFromEndOfCopy, "log shipped from the end of the copy on"),
        (.noJump, "a log that does not jump past the source's end"),
        (.targetNotCompared, "a change of the map that does not compare the target's record"),
        (.servesWhenConfirmed, "a target that serves what it has only confirmed"),
        (.clearsPromised, "a target that clears what it has confirmed"),
        (.unknownIsRefused, "an unknown outcome taken for a refusal"),
        (.readsDuringProposal, "reads at the source while the change is under way"),
        (.noClearing, "a copy over what an earlier attempt left"),
        (.jobNotCompared, "a change of the map that does not compare the job"),
        (.keepsView, "a driver that reads a copy in one view, never renewed"),
        (.keepsHolds, "a driver that keeps slots held after a hand-over that failed"),
        (.keepsStreams, "a driver whose connections outlive the leadership"),
        (.acknowledgesEarly, "a driver that acknowledges what is not committed yet"),
    ]

    /// Each of these is a mistake that would lose, revert or show wrong data, and the simulation finds it; the same seeds are
    /// clean without it.
    @Test(arguments: 0..<14) func aPlantedBugIsFound(index: Int) async {
        let (bug, words) = Self.bugs[index]
        for seed in 1...1_000 as ClosedRange<UInt64> {
            guard let violation = Self.run(seed: seed, planted: bug).violation else { continue }
            print("planted: \(words): found at seed \(seed): \(violation.prefix(160))")
            #expect(Self.run(seed: seed).violation == nil)
            return
        }
        Issue.record("not found in 1,000 seeds: \(words)")
    }
}
