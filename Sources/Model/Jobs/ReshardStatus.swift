/// The `reshard` object of the status document (docs/protocol.md): the job as the slot map and the nodes tell it.
package struct ReshardStatus: Hashable, Sendable, Codable {
    package var state: ReshardJob.State
    package var slotsTotal: UInt64
    package var slotsMoved: UInt64
    /// Of finished moves as planned, of the running ones as copied; so it goes on from where it was whoever leads.
    package var keysMoved: UInt64
    package var bytesMoved: UInt64
    /// Copied by all targets together.
    package var bytesPerSecond: UInt64
    /// nil while nothing tells: it is paused, or nothing is copied yet.
    package var etaSeconds: UInt64?
    package var pauseMsMax: UInt64
    // Beyond the contract:
    package var job: String
    package var reason: String?
    package var keysTotal: UInt64
    package var bytesTotal: UInt64
    package var movesTotal: Int
    package var movesDone: Int
    /// Shards that have moves to take: these go on at the same time.
    package var targetsLeft: Int
    package var bytesPerSecondMax: UInt64?
    package var pauses: PauseHistogram
    /// By shard; only those that answered.
    package var nodes: [ReshardProgress]

    package enum CodingKeys: String, CodingKey {
        case state
        case slotsTotal = "slots_total"
        case slotsMoved = "slots_moved"
        case keysMoved = "keys_moved"
        case bytesMoved = "bytes_moved"
        case bytesPerSecond = "bytes_per_second"
        case etaSeconds = "eta_seconds"
        case pauseMsMax = "pause_ms_max"
        case job, reason
        case keysTotal = "keys_total"
        case bytesTotal = "bytes_total"
        case movesTotal = "moves_total"
        case movesDone = "moves_done"
        case targetsLeft = "targets_left"
        case bytesPerSecondMax = "bytes_per_second_max"
        case pauses, nodes
    }

    /// Sums what the leaders of the shards tell. Nodes that speak of another job are left out.
    /// - Parameter stages: of the job's moves, in their order, as the slot map tells.
    package init(_ job: ReshardJob, stages: [ReshardMove.Stage], nodes: [ReshardProgress]) {
        let nodes = nodes.filter { $0.job == job.id }.sorted { $0.shard < $1.shard }
        state = job.state
        self.job = job.id
        reason = job.reason
        bytesPerSecondMax = job.rate
        self.nodes = nodes
        var total = ReshardAmount()
        var moved = ReshardAmount()
        var done = 0
        var isDue = [Bool](repeating: false, count: job.moves.count)
        var targets: Set<String> = []
        for (place, (move, stage)) in zip(job.moves, stages).enumerated() {
            Self.add(move, to: &total)
            switch stage {
            case .done:
                done += 1
                Self.add(move, to: &moved)
            case .due:
                isDue[place] = true
                targets.insert(move.target)
            case .stale: break
            }
        }
        slotsTotal = total.slots
        slotsMoved = moved.slots
        keysTotal = total.keys
        bytesTotal = total.bytes
        movesTotal = job.moves.count
        movesDone = done
        var pauses = PauseHistogram()
        var speed: UInt64 = 0
        for node in nodes {
            pauses.add(node.source.pauses)
            speed = ReshardAmount.sum(speed, node.target.bytesPerSecond)
            guard let place = node.target.move, isDue.indices.contains(place), isDue[place] else { continue }
            moved.keys = ReshardAmount.sum(moved.keys, min(node.target.keysCopied, job.moves[place].keys))
            moved.bytes = ReshardAmount.sum(moved.bytes, min(node.target.bytesCopied, job.moves[place].bytes))
        }
        keysMoved = moved.keys
        bytesMoved = moved.bytes
        bytesPerSecond = speed
        self.pauses = pauses
        pauseMsMax = pauses.max
        targetsLeft = targets.count
        etaSeconds = eta
    }

    /// Joins what nodes told, each with its own part alone; nil if none did. What they know of map and job may differ
    /// for a moment: who has seen most moves done is believed.
    package init?(joining told: [ReshardStatus]) {
        guard var status = told.max(by: { ($0.movesDone, $0.job) < ($1.movesDone, $1.job) }) else { return nil }
        var parts: [String: ReshardProgress] = [:]
        for part in told.lazy.filter({ $0.job == status.job }).flatMap(\.nodes) { parts[part.shard] = part }
        for part in status.nodes { parts[part.shard] = nil }
        status.take(parts.values.sorted { $0.shard < $1.shard })
        self = status
    }

    /// Adds the parts of other shards.
    private mutating func take(_ others: [ReshardProgress]) {
        nodes = (nodes + others).sorted { $0.shard < $1.shard }
        for node in others {
            pauses.add(node.source.pauses)
            bytesPerSecond = ReshardAmount.sum(bytesPerSecond, node.target.bytesPerSecond)
            guard node.target.move != nil else { continue }
            keysMoved = min(keysTotal, ReshardAmount.sum(keysMoved, min(node.target.keysCopied, node.target.keysTotal)))
            bytesMoved = min(
                bytesTotal,
                ReshardAmount.sum(bytesMoved, min(node.target.bytesCopied, node.target.bytesTotal))
            )
        }
        pauseMsMax = pauses.max
        etaSeconds = eta
    }

    private static func add(_ move: ReshardMove, to amount: inout ReshardAmount) {
        amount.slots += UInt64(move.slots.count)
        amount.keys = ReshardAmount.sum(amount.keys, move.keys)
        amount.bytes = ReshardAmount.sum(amount.bytes, move.bytes)
    }

    /// The bytes left at the speed of now, and the moves' own time beside.
    private var eta: UInt64? {
        if state.isEnded { return 0 }
        let left = bytesTotal - min(bytesTotal, bytesMoved)
        guard state == .running, left == 0 || bytesPerSecond > 0 else { return nil }
        let moves = Double(max(0, movesTotal - movesDone)) / Double(max(1, targetsLeft))
        let beside = moves * Double(ReshardJobLimits.assumedMoveMilliseconds) / 1_000
        let seconds = (left == 0 ? 0 : Double(left) / Double(bytesPerSecond)) + beside
        return seconds < 1e15 ? UInt64(seconds.rounded(.up)) : nil
    }
}
