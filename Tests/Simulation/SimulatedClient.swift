import Model
import Replication
import Server
import TestSupport

/// A client: one command at a time, redirects followed, outcomes recorded in true time.
final class SimulatedClient {
    unowned let cluster: Cluster
    let shard: Int
    private let number: Int
    private var leader: Int
    private var isStopped = false
    private var recorded: [(key: UInt32, operation: Operation)] = []
    private(set) var acknowledgedWrites = 0
    private(set) var unknownOutcomes = 0
    private(set) var leaderReads = 0
    private(set) var replicaReads = 0

    /// A command without an answer for so long has an unknown outcome.
    private static let patience: UInt64 = 2_000_000
    private static let redirectsMax = 12
    /// Clients move on to new keys at the same time, so that histories stay short.
    private static let commandsPerKey: UInt64 = 12

    init(cluster: Cluster, shard: Int) {
        self.cluster = cluster
        self.shard = shard
        number = cluster.nextNumber()
        leader = shard * cluster.options.members
    }

    static func histories(_ clients: [SimulatedClient]) -> [UInt32: [Operation]] {
        var histories: [UInt32: [Operation]] = [:]
        for client in clients {
            for (key, operation) in client.recorded { histories[key, default: []].append(operation) }
        }
        return histories.mapValues { Array($0.prefix(LinearizabilityCheck.operationsMax)) }
    }

    func start() { pause() }
    func stop() { isStopped = true }

    private func pause() {
        guard !isStopped else { return }
        let wait = cluster.random.pick(500...cluster.options.thinkTime)
        cluster.at(cluster.now + wait) { [weak self] in self?.act() }
    }

    private func act() {
        guard !isStopped else { return }
        if cluster.random.chance(0.15) { return readReplica() }
        let life = SimulatedClient.commandsPerKey * cluster.options.thinkTime
        let key = UInt32(cluster.now / life * 3) + UInt32(cluster.random.pick(below: 3))
        let token = UInt32(cluster.nextNumber())
        let kind: Operation.Kind =
            switch cluster.random.pick(below: 10) {
            case 0..<3: .append(token)
            case 3..<5: .set(token)
            case 5..<7: .setIfAbsent(token)
            default: .get
            }
        send(Attempt(kind: kind, key: key, invoked: cluster.now), redirects: 0)
    }

    private struct Attempt {
        var kind: Operation.Kind
        var key: UInt32
        var invoked: UInt64
    }

    private func send(_ attempt: Attempt, redirects: Int) {
        var isDone = false
        let client = SimulatedCoordinator.place + 1 + number
        let node = cluster.nodes[leader]
        func finish(_ reply: Command.Reply) {
            guard !isDone else { return }
            isDone = true
            take(reply, attempt, redirects)
        }
        cluster.at(cluster.now + cluster.latency(client, node.index)) { [self] in
            guard let process = node.process else { return finish(.redirect(nil)) }
            let command = Command(kind: attempt.kind, key: attempt.key) { [self] reply in
                if case .done(let position?) = reply {
                    cluster.truths[shard].acknowledge(position, at: cluster.now)
                    cluster.checkMinInSync(shard)
                }
                cluster.at(cluster.now + cluster.latency(node.index, client)) { finish(reply) }
            }
            process.run { $0.store.submit(command) }
        }
        cluster.at(cluster.now + SimulatedClient.patience) { finish(.closed) }
    }

    private func take(_ reply: Command.Reply, _ attempt: Attempt, _ redirects: Int) {
        switch reply {
        case .redirect(let address):
            let first = shard * cluster.options.members
            let known = address.flatMap { address in cluster.nodes.firstIndex { $0.address == address } }
            leader = known ?? first + cluster.random.pick(below: cluster.options.members)
            guard redirects < SimulatedClient.redirectsMax, !isStopped else { return pause() }
            let wait = known == nil ? cluster.random.pick(20_000...200_000) : cluster.random.pick(0...20_000)
            cluster.at(cluster.now + wait) { [weak self] in self?.send(attempt, redirects: redirects + 1) }
            return
        case .closed: record(attempt, .unknown)
        case .value(let value): record(attempt, .value(value))
        case .done(let position):
            if case .setIfAbsent = attempt.kind {
                record(attempt, .wasSet(position != nil))
            } else {
                record(attempt, .done)
            }
        }
        pause()
    }

    private func record(_ attempt: Attempt, _ outcome: Operation.Outcome) {
        switch outcome {
        case .unknown: unknownOutcomes += 1
        case .value: leaderReads += 1
        case .done, .wasSet: acknowledgedWrites += 1
        }
        recorded.append(
            (
                attempt.key,
                Operation(kind: attempt.kind, invoked: attempt.invoked, answered: cluster.now, outcome: outcome)
            )
        )
    }

    /// A bounded read at a replica: it answers only if it knows that it is fresh enough.
    private func readReplica() {
        let first = shard * cluster.options.members
        let node = cluster.nodes[first + cluster.random.pick(below: cluster.options.members)]
        let bound = cluster.random.pick(100...2_500)
        node.process?.run { [self] process in
            guard let staleness = process.link?.status().staleness, staleness <= bound,
                !node.disk.isIncomplete
            else { return }
            replicaReads += 1
            // The replica's clock may be slow against true time; a millisecond for its resolution.
            let allowed = UInt64(Double(bound + 1) * 1_000 / 0.97)
            let sequence = process.store.commitPosition.sequence
            process.truth.readReplica(sequence: sequence, at: cluster.now, bound: allowed, on: process.name)
        }
        pause()
    }
}
