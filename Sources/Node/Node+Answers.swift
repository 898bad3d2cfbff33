import Model
import Resharding
import Routing
import Server
import Storage
import Synchronization

/// What the server asks of a node, from any thread.
extension Node {
    package var stalenessMilliseconds: UInt64? {
        state.withLock { $0.shard }?.link.flatMap { $0.status().staleness }
    }

    package func switchOver(to target: String?) async -> String? {
        guard let leadership = state.withLock({ $0.shard })?.leadership else {
            return "the shard is not running on this node"
        }
        return await leadership.switchOver(to: target)
    }

    package func nextReplicationRecord() throws(StorageError) -> ReplicationRecord? {
        try openCursor().next()
    }

    package func takeReplicationRecord(key: [UInt8], value: [UInt8]?) throws(StorageError) -> String? {
        try openCursor().take(key: key, value: value)
    }

    private func openCursor() throws(StorageError) -> ReplicationReader {
        guard let shard = state.withLock({ $0.shard }) else {
            throw StorageError(.closed, "the shard is not running on this node")
        }
        return shard.reader
    }

    package func reasonNotToClean(_ slots: [ClosedRange<UInt16>]) async -> String? {
        guard let shard = state.withLock({ $0.shard }) else { return "the shard is not running on this node" }
        if let job = shard.view.snapshot.job, !job.state.isEnded {
            return "a reshard is under way, which clears by itself what has moved; wait for its end"
        }
        let topology = shard.view.topology
        return await CleanCheck(map: topology.map, leaders: topology.leaders, group: loops.clients)
            .reasonNotTo(clean: slots, in: shard.store)
    }

    package func status() -> NodeStatus {
        let (phase, message, shard, startedAt, isLeader, changes) = state.withLock {
            ($0.phase, $0.message, $0.shard, $0.startedAt, $0.isLeader, $0.changes.all)
        }
        var status = NodeStatus(
            cluster: configuration.cluster.name,
            shard: configuration.shard,
            address: configuration.address.description,
            // The lease ends by itself, and with it the role: others may lead before this node has taken note.
            role: isLeader && shard?.holdsLease == true ? .leader : .replica,
            state: phase,
            engine: configuration.engine.rawValue,
            durability: configuration.durability.rawValue,
            version: ShoalVersion.current,
            message: message
        )
        status.uptimeSeconds = Int((Clock.monotonicMilliseconds() - startedAt) / 1000)
        status.changes = changes
        guard let shard else {
            status.health = Health.of(facts())
            return status
        }
        shard.describe(&status)
        status.health = Health.of(facts())
        let storage = storageMetrics()
        if !storage.isEmpty {
            status.storage = Dictionary(storage.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
        }
        let reading = metrics.reading()
        status.opsPerSecond = reading.rates
        status.latencyMicroseconds = reading.latency
        return status
    }

    package func storageMetrics() -> [StorageMetric] {
        guard let store = state.withLock({ $0.shard })?.store, store.beginUse() else { return [] }
        defer { store.endUse() }
        let free = Node.bytesFree(configuration.folder).map {
            StorageMetric("disk_free_bytes", "Bytes free on the disk of the data folder.", $0)
        }
        return store.storageMetrics() + [free].compactMap(\.self)
    }
}
