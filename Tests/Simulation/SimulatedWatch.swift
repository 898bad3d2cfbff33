import Coordination
import Model
import Node

/// A simulated process's watch: the shipped `CoordinatorWatch`, told what the network lets through, in order. What is
/// lost breaks its connection; another one tells what was missed, or all that is there as after a compaction.
final class SimulatedWatch: ViewWatch, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private let source = CoordinatorWatch(prefix: "")
    private unowned let coordinator: SimulatedCoordinator
    private unowned let cluster: Cluster
    private(set) weak var process: SimulatedProcess?
    private let node: Int
    /// What was sent over an earlier connection does not arrive.
    private var connection = 0
    private var isConnected = false
    private var lastArrival: UInt64 = 0
    /// Everything up to this revision has arrived.
    private var received: UInt64 = 0

    init(coordinator: SimulatedCoordinator, process: SimulatedProcess) {
        self.coordinator = coordinator
        self.process = process
        cluster = coordinator.cluster
        node = process.node.index
        source.onEnd { [weak self] in self.map { $0.coordinator.forget($0) } }
    }

    /// Whether anybody still reads it.
    var isAlive: Bool { !source.isEnded && process?.isAlive ?? false }

    // MARK: For the process

    func next(_ answer: @escaping @Sendable (ClusterWatch.Event?) -> Void) {
        source.next { [weak self] event in
            guard let self else { return answer(nil) }
            answer(coordinator.ledger.told(event))
            process?.checkView()
        }
    }

    func cancel() { source.cancel() }

    /// It ends by itself, as when whoever keeps it gives up.
    func lose() { process?.run { [source] _ in source.cancel() } }

    // MARK: The network

    func connect() {
        let number = connection
        cluster.at(cluster.now + cluster.latency(node, SimulatedCoordinator.place) + coordinator.slowness / 2) {
            [weak self] in
            guard let self, isAlive, number == connection else { return }
            guard coordinator.hears(node) else { return breaks() }
            isConnected = true
            catchUp()
        }
    }

    private func catchUp() {
        let ledger = coordinator.ledger
        let (known, revision) = (received, ledger.revision)
        if known == 0 || cluster.random.chance(0.5) {
            let entries = ledger.entries.values.sorted { $0.key < $1.key }
            send(through: revision) { $0.replace(with: CoordinatorRange(entries: entries, revision: revision)) }
        } else if known == revision {
            send(through: revision) { $0.resume() }
        } else {
            let missed = ledger.changes(after: known)
            send(through: revision) { $0.apply(missed, revision: revision) }
        }
    }

    /// A transaction was done.
    func changed() {
        guard isConnected else { return }
        let ledger = coordinator.ledger
        let (revision, changes) = (ledger.revision, ledger.changes(after: ledger.revision - 1))
        send(through: revision) { $0.apply(changes, revision: revision) }
    }

    private func send(through revision: UInt64, _ deliver: @escaping (CoordinatorWatch) -> Void) {
        let time = cluster.now + cluster.latency(SimulatedCoordinator.place, node) + coordinator.slowness / 2
        lastArrival = max(lastArrival, time)
        let number = connection
        cluster.at(lastArrival) { [weak self] in
            guard let self, isAlive, number == connection else { return }
            guard coordinator.reaches(node) else { return breaks() }
            received = revision
            process?.run { [source] _ in deliver(source) }
        }
    }

    /// The connection is lost, and another one is tried after a pause.
    func breaks() {
        guard isAlive else { return }
        connection += 1
        isConnected = false
        let error = CoordinationError(.unavailable, "the connection to the coordinator broke")
        process?.run { [source] _ in source.interrupt(error) }
        cluster.at(cluster.now + cluster.random.pick(50_000...300_000)) { [weak self, number = connection] in
            guard let self, isAlive, number == connection else { return }
            connect()
        }
    }
}
