import Model
import Replication

/// What one seed simulates.
struct SimulationOptions {
    var shards = 1
    /// Members per shard.
    var members = 3
    var durability = Durability.fsync
    /// Members change between `fsync` and `os` when they start.
    var switchesDurability = false
    var minInSync = 1
    /// Records a leader keeps for replicas that were away; few, so that snapshots are needed.
    var logKept: UInt64 = 60
    var clientsPerShard = 4
    /// The longest pause of a client between two commands, in microseconds.
    var thinkTime: UInt64 = 100_000
    /// Faults before everything is healed.
    var faults = 220
    /// The coordinator loses requests and answers while the cluster begins.
    var hasRoughStart = false
    var planted: PlantedBugs = []
    var traces = false

    /// Clusters of three to five members, now and then of two shards, with `os` durability, or with MinInSync.
    init(seed: UInt64, planted: PlantedBugs = [], traces: Bool = false) {
        var random = SimulationRandom(seed: seed ^ 0x5EED)
        members = [3, 3, 3, 3, 4, 5][random.pick(below: 6)]
        if members == 3, random.chance(0.15) { shards = 2 }
        if random.chance(0.15) { durability = .os }
        switchesDurability = random.chance(0.1)
        if random.chance(0.15) { minInSync = 2 }
        thinkTime = [20_000, 60_000, 150_000][random.pick(below: 3)]
        hasRoughStart = random.chance(0.3)
        self.planted = planted
        self.traces = traces
    }
}

/// What a seed showed.
struct SimulationResult: Sendable {
    var seed: UInt64
    var violation: String?
    var faults = 0
    var events = 0
    var acknowledgedWrites = 0
    var unknownOutcomes = 0
    var leaderReads = 0
    var replicaReads = 0
    var terms = 0
    var switchovers = 0
    var cleanStops = 0
    var snapshots = 0
    var trace: [String] = []
}
