import Glibc
import Model
import Node
import Operations
import Routing
import Server
import Synchronization

/// The console's view of the nodes in this process and of all others.
package final class EmbeddedClusterSource: ClusterSource {
    private let cluster: EmbeddedCluster
    private let reshard: ClusterReshard
    private let nodeWatch: NodeWatch
    private let browser: ClusterBrowser
    private let logs: LogBook
    private let writeAudit: @Sendable (String) -> Void
    private let isOpen = Mutex(false)
    /// What happens once the terminal is open: nodes are started then, since opening it sets the locale.
    private let onOpen: @Sendable (EmbeddedCluster) async -> Void

    /// - Parameters:
    ///   - isReadOnly: nothing is changed, config.yaml neither.
    ///   - logs: gets what the nodes in this process log.
    ///   - audit: writes a line of the audit to the log.
    ///   - onOpen: called once, when the screen is ready.
    package init(
        _ cluster: EmbeddedCluster,
        isReadOnly: Bool = false,
        logs: LogBook,
        audit: @escaping @Sendable (String) -> Void,
        onOpen: @escaping @Sendable (EmbeddedCluster) async -> Void
    ) {
        self.cluster = cluster
        reshard = ClusterReshard(cluster, mayChange: !isReadOnly)
        nodeWatch = NodeWatch(group: cluster.group) { [cluster] in cluster.wake() }
        browser = ClusterBrowser(cluster)
        self.logs = logs
        writeAudit = audit
        self.onOpen = onOpen
    }

    package func latest() -> ClusterSnapshot? {
        guard let (status, readAt) = cluster.latest() else { return nil }
        let environment = ClusterSnapshot.Environment(rawValue: cluster.config.environment.rawValue) ?? .development
        return ClusterSnapshot(
            status: status,
            environment: environment,
            milliseconds: Int(readAt),
            embedded: cluster.embedded,
            demo: cluster.isDemoRunning ? Set(cluster.config.allNodes.map(\.description)) : []
        )
    }

    package var reshardPort: (any ReshardPort)? { reshard }

    package func latestSlots() -> (slots: ClusterSlots, milliseconds: Int)? {
        cluster.latestSlots().map { ($0.slots, Int($0.readAt)) }
    }

    package func watchSlots(_ isWanted: Bool) { cluster.watchSlots(isWanted) }

    package func watchNode(_ address: String?) { nodeWatch.look(at: address) }

    package func latestDetails() -> NodeDetails? { nodeWatch.latest() }

    package var keysPort: any KeysPort { browser }

    package func drainLogs() -> [LogLine] { logs.drain() }

    package func audit(_ line: String) { writeAudit(line) }

    package func drainEvents() -> [ClusterEvent] {
        let now = Int(time(nil))
        return cluster.drainEvents().map { event in
            let severity: ClusterEvent.Severity =
                switch event.severity {
                case .info: .info
                case .success: .success
                case .warning: .warning
                case .error: .error
                }
            return ClusterEvent(unixSeconds: now, severity: severity, text: event.text)
        }
    }

    /// Leaders first, and replicas first to stop: a replica would only report a lost link otherwise.
    package func start(_ addresses: [String]) {
        let (leaders, replicas) = split(addresses)
        run([leaders, replicas]) { await $0.start($1) }
    }

    package func stop(_ addresses: [String]) {
        let (leaders, replicas) = split(addresses)
        run([replicas, leaders]) { await $0.stop($1) }
    }

    package func switchOver(shard: String, to target: String) {
        run([[target]]) { await $0.switchOver(shard: shard, to: $1) }
    }

    private func split(_ addresses: [String]) -> (leaders: [String], replicas: [String]) {
        let leading = Set(cluster.config.shards.map(\.address.description))
        return (addresses.filter(leading.contains), addresses.filter { !leading.contains($0) })
    }

    package func onChange(_ wake: @escaping @Sendable () -> Void) {
        cluster.watch(wake)
        logs.onChange(wake)
        // Called again to be no longer woken: nodes are not to be started another time then.
        let isFirst = isOpen.withLock { isOpen in
            defer { isOpen = true }
            return !isOpen
        }
        guard isFirst else { return }
        reshard.begin()
        Task { [cluster, onOpen] in await onOpen(cluster) }
    }

    package func shutdown(progress: (String) -> Void) {
        watchNode(nil)
        let lines = Mutex<[String]>([])
        let done = Mutex(false)
        let changed = ShutdownSignal()
        Task { [cluster, reshard] in
            await reshard.close()
            await cluster.stopAll { line in
                lines.withLock { $0.append(line) }
                changed.signal()
            }
            done.withLock { $0 = true }
            changed.signal()
        }
        while true {
            changed.wait()
            // Read before the lines: what was said before the end is fetched after it.
            let isDone = done.withLock { $0 }
            let pending = lines.withLock { lines in
                defer { lines = [] }
                return lines
            }
            for line in pending { progress(line) }
            if isDone { return }
        }
    }

    /// How long the first of a batch have a start over the others: a node that hangs must not hold up all of them.
    private static let headStart = Duration.seconds(2)

    /// Does something to all nodes at once; to those of a later group once the earlier ones are done, or late.
    private func run(
        _ groups: [[String]],
        _ action: @escaping @Sendable (EmbeddedCluster, NodeAddress) async -> Void
    ) {
        let nodes = groups.map { $0.compactMap { try? NodeAddress($0) } }.filter { !$0.isEmpty }
        Task { [cluster] in
            for (index, group) in nodes.enumerated() {
                let tasks = group.map { address in Task { await action(cluster, address) } }
                guard index < nodes.count - 1 else { return }
                await Self.wait(for: tasks, atMost: Self.headStart)
            }
        }
    }

    /// Whichever comes first; the tasks go on.
    private static func wait(for tasks: [Task<Void, Never>], atMost limit: Duration) async {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let timer = Task {
            // Cut short when the tasks are done.
            try? await Task.sleep(for: limit)
            end.finish()
        }
        Task {
            for task in tasks { await task.value }
            timer.cancel()
        }
        for await _ in ended {}
    }
}

/// A counting semaphore between the stopping task and the main thread.
private final class ShutdownSignal: @unchecked Sendable {
    // Sendable: a POSIX semaphore is made to be shared between threads; the pointer never changes.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() {
        while sem_wait(semaphore) != 0, errno == EINTR {}
    }
}
