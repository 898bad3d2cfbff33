import Replication

/// Seeds, one after the other and side by side.
enum Simulation {
    struct Summary: Sendable {
        var seeds = 0
        var faults = 0
        var leastFaults = Int.max
        var events = 0
        var writes = 0
        var unknown = 0
        var leaderReads = 0
        var replicaReads = 0
        var terms = 0
        var switchovers = 0
        var cleanStops = 0
        var snapshots = 0
        var failures: [SimulationResult] = []

        mutating func add(_ result: SimulationResult) {
            seeds += 1
            faults += result.faults
            leastFaults = min(leastFaults, result.faults)
            events += result.events
            writes += result.acknowledgedWrites
            unknown += result.unknownOutcomes
            leaderReads += result.leaderReads
            replicaReads += result.replicaReads
            terms += result.terms
            switchovers += result.switchovers
            cleanStops += result.cleanStops
            snapshots += result.snapshots
            if result.violation != nil { failures.append(result) }
        }

        var text: String {
            let per = max(1, seeds)
            return """
                simulation: \(seeds) seeds, \(failures.count) with a violation; per seed \(faults / per) faults \
                (least \(leastFaults)), \(events / per) events, \(writes / per) acknowledged writes, \(unknown / per) of \
                unknown outcome, \(leaderReads / per) reads at leaders, \(replicaReads / per) at replicas; in all \
                \(terms) terms, \(switchovers) switchovers, \(cleanStops) clean stops, \(snapshots) snapshots
                """
        }
    }

    static func run(seed: UInt64, planted: PlantedBugs = [], traces: Bool = false) -> SimulationResult {
        Cluster(seed: seed, options: SimulationOptions(seed: seed, planted: planted, traces: traces)).simulate()
    }

    /// The command that repeats one seed.
    static func replay(_ seed: UInt64) -> String { "make simulate SEED=\(seed) TRACE=1" }

    /// All seeds of the range, on two cores.
    static func run(seeds: ClosedRange<UInt64>) async -> Summary {
        await withTaskGroup(of: Summary.self) { group in
            for part in 0..<2 as Range<UInt64> {
                group.addTask {
                    var summary = Summary()
                    for seed in seeds where seed % 2 == part {
                        let result = run(seed: seed)
                        summary.add(result)
                        // At once: a long run may be interrupted.
                        if let violation = result.violation { print("seed \(seed): \(violation)\n\(replay(seed))") }
                        if summary.seeds % 1_000 == 0 { print("\(summary.seeds) of half the seeds are done") }
                    }
                    return summary
                }
            }
            var whole = Summary()
            for await part in group { whole.add(part) }
            return whole
        }
    }

    /// The first seed at which planted bugs show; nil if none does.
    static func firstViolation(planted: PlantedBugs, seeds: ClosedRange<UInt64>) async -> SimulationResult? {
        for start in stride(from: seeds.lowerBound, through: seeds.upperBound, by: 2) {
            async let even = run(seed: start, planted: planted)
            async let odd = run(seed: min(start + 1, seeds.upperBound), planted: planted)
            for result in await [even, odd] where result.violation != nil { return result }
        }
        return nil
    }
}

extension Simulation.Summary {
    mutating func add(_ other: Simulation.Summary) {
        seeds += other.seeds
        faults += other.faults
        leastFaults = min(leastFaults, other.leastFaults)
        events += other.events
        writes += other.writes
        unknown += other.unknown
        leaderReads += other.leaderReads
        replicaReads += other.replicaReads
        terms += other.terms
        switchovers += other.switchovers
        cleanStops += other.cleanStops
        snapshots += other.snapshots
        failures += other.failures
    }
}
