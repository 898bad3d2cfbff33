/// A client: one command at a time, redirects followed, never repeated once it may have been done.
final class ReshardClient {
    private unowned let cluster: ReshardCluster
    private var isStopped = false
    /// Which shard it believes a key with.
    private var believed: [Int: String] = [:]
    private var lastToken: UInt32 = 0
    private(set) var refusals = 0

    private static let patience: UInt64 = 3_000_000
    private static let redirectsMax = 16
    private static let valueMax = 12

    init(cluster: ReshardCluster) { self.cluster = cluster }

    func start() { pause() }
    func stop() { isStopped = true }

    private func pause() {
        guard !isStopped else { return }
        cluster.at(cluster.now + cluster.random.pick(500...60_000)) { [weak self] in self?.act() }
    }

    private func act() {
        guard !isStopped else { return }
        let key = cluster.random.pick(below: cluster.keys.count)
        let token = UInt32(truncatingIfNeeded: cluster.nextNumber())
        // Lists stay short: appends are many, and now and then one begins anew.
        let isLong = (cluster.truth.value(of: key)?.count ?? 0) >= ReshardClient.valueMax
        let kind: ReshardCommand.Kind =
            switch cluster.random.pick(below: 20) {
            case 0..<9: isLong ? .set(token) : .append(token)
            case 9: .set(token)
            case 10: .delete
            case 11, 12: .setIfAbsent(token)
            default: .get
            }
        send(kind, key, redirects: 0)
    }

    private func send(_ kind: ReshardCommand.Kind, _ key: Int, redirects: Int) {
        var isDone = false
        func finish(_ reply: ReshardCommand.Reply) {
            guard !isDone else { return }
            isDone = true
            take(reply, kind, key, redirects)
        }
        let shard = believed[key] ?? cluster.random.element(cluster.names) ?? ""
        cluster.at(cluster.now + cluster.latency()) { [self] in
            // Now and then a connection to a leader that leads no more, or is about to learn it.
            let former = cluster.living.first { $0.log.name == shard }
            let newest = cluster.shards[shard]?.process
            guard let process = cluster.random.chance(0.1) ? former : newest, process.isAlive else {
                return finish(.redirect(nil))
            }
            let command = ReshardCommand(kind: kind, key: key) { [self] reply in
                cluster.at(cluster.now + cluster.latency()) { finish(reply) }
            }
            process.soon { $0.submit(command) }
        }
        cluster.at(cluster.now + ReshardClient.patience) { finish(.closed) }
    }

    private func take(_ reply: ReshardCommand.Reply, _ kind: ReshardCommand.Kind, _ key: Int, _ redirects: Int) {
        guard case .redirect(let shard) = reply else { return pause() }
        believed[key] = shard
        guard redirects < ReshardClient.redirectsMax, !isStopped else {
            refusals += 1
            return pause()
        }
        let wait = shard == nil ? cluster.random.pick(10_000...150_000) : cluster.random.pick(0...2_000)
        cluster.at(cluster.now + wait) { [weak self] in self?.send(kind, key, redirects: redirects + 1) }
    }
}
