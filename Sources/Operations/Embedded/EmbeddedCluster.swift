import Logging
import Model
import NIOCore
import NIOPosix
import Node
import Routing
import Server
import Synchronization

/// The nodes of a config that run inside this process, and a watch over all others.
///
/// What the console stands on: it starts and stops nodes of its own, asks every node's status once per interval, and
/// tells what changed.
package final class EmbeddedCluster: Sendable {
    /// Something that happened, for people.
    package struct Event: Sendable {
        package enum Severity: Sendable { case info, success, warning, error }
        package var severity: Severity
        package var text: String
    }

    /// Events kept until they are fetched; the oldest go first.
    private static let eventsMax = 500
    /// How often all nodes are asked.
    private static let interval = TimeAmount.milliseconds(1000)

    struct State {
        var nodes: [NodeAddress: Node] = [:]
        var phases: [NodeAddress: NodeStatus.State] = [:]
        var status: ClusterStatus?
        var readAt: UInt64 = 0
        var events: [Event] = []
        var wake: (@Sendable () -> Void)?
        var isProbing = false
        var wantsProbe = false
        var ticker: RepeatedTask?
        var demo: Task<Void, Never>?
        var isDemoRunning = false
        var isStopping = false
        var slotWatch = SlotWatch()
        /// As the file has it now, as far as shards go; the rest as it was at the start.
        var config: ClusterConfig
        /// Shards that the file has not, and of which nodes run here: on their way in, or on their way out.
        var guests: [ShardConfig] = []
        var file: ConfigStamp?

        /// All shards that are looked at.
        var shown: ClusterConfig {
            var shown = config
            for guest in guests {
                shown.shards.append(
                    ShardConfig(
                        name: guest.name,
                        index: shown.shards.count,
                        address: guest.address,
                        replicas: guest.replicas
                    )
                )
            }
            return shown
        }
    }

    package let group: any EventLoopGroup
    private let control: any EventLoopGroup
    private let logger: Logger
    let state: Mutex<State>

    /// - Parameter control: loops that neither sync nor read engines: leases are renewed there.
    package init(config: ClusterConfig, group: any EventLoopGroup, control: any EventLoopGroup, logger: Logger) {
        state = Mutex(State(config: config, file: ConfigStamp(file: config.file)))
        self.group = group
        self.control = control
        self.logger = logger
    }

    /// config.yaml as it is now.
    package var config: ClusterConfig { state.withLock { $0.config } }

    /// Addresses of the nodes that run in this process.
    package var embedded: Set<String> { state.withLock { Set($0.nodes.keys.map(\.description)) } }

    package var isDemoRunning: Bool { state.withLock { $0.isDemoRunning } }

    /// The newest status and the monotonic milliseconds at which it was put together.
    package func latest() -> (status: ClusterStatus, readAt: UInt64)? {
        state.withLock { state in state.status.map { ($0, state.readAt) } }
    }

    package func drainEvents() -> [Event] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    /// Begins to watch; `wake` is called from any thread when status or events are new. A later call replaces it.
    package func watch(_ wake: @escaping @Sendable () -> Void) {
        let isWatching = state.withLock { state in
            state.wake = wake
            return state.ticker != nil
        }
        guard !isWatching else { return }
        let ticker = group.next().scheduleRepeatedTask(initialDelay: .zero, delay: EmbeddedCluster.interval) { _ in
            self.probe()
        }
        state.withLock { $0.ticker = ticker }
    }

    /// Starts every node of the config in this process, leaders first.
    package func startAll() async {
        for address in config.shards.map(\.address) + config.shards.flatMap(\.replicas) { await start(address) }
    }

    /// Starts one node: in this process if it is ours (or nobody answers at its address), else over its address.
    package func start(_ address: NodeAddress) async {
        if let node = state.withLock({ $0.nodes[address] }) {
            _ = await node.startShard()
        } else if await answers(address) {
            await command("start", address)
        } else {
            await embed(address)
        }
        probe()
    }

    /// Stops one node's shard; its address goes on answering.
    package func stop(_ address: NodeAddress) async {
        if let node = state.withLock({ $0.nodes[address] }) {
            _ = await node.stopShard()
        } else {
            await command("stop", address)
        }
        probe()
    }

    /// Stops all nodes of this process, replicas first.
    package func stopAll(progress: @Sendable (String) -> Void) async {
        watchSlots(false)
        let (nodes, ticker, demo) = state.withLock { state in
            state.isStopping = true
            return (state.nodes, state.ticker, state.demo)
        }
        ticker?.cancel()
        demo?.cancel()
        await demo?.value
        let leaders = Set(state.withLock { $0.shown }.shards.map(\.address))
        let order = nodes.keys.sorted { (leaders.contains($0) ? 1 : 0, $0) < (leaders.contains($1) ? 1 : 0, $1) }
        for address in order {
            progress("stopping \(address)")
            await nodes[address]?.stop()
        }
        state.withLock { $0.nodes = [:] }
    }

    /// Begins demonstration traffic, which ends with `stopAll`.
    package func startDemo() {
        guard let target = config.shards.first?.address else { return }
        let task = Task {
            var options = LoadOptions(target: target)
            options.concurrency = 4
            options.keySpace = 20_000
            do throws(ClientError) {
                state.withLock { $0.isDemoRunning = true }
                add(.info, "demonstration traffic runs: made-up reads and writes")
                try await LoadGenerator(options).run(DemoTraffic())
            } catch {
                add(.warning, "demonstration traffic ended: \(error.message)")
            }
            state.withLock { $0.isDemoRunning = false }
        }
        state.withLock { $0.demo = task }
    }

    func embed(_ address: NodeAddress) async {
        let (config, shown) = state.withLock { ($0.config, $0.shown) }
        guard let member = shown.membership(of: address) else { return }
        do throws(NodeError) {
            let configuration = try NodeConfiguration(
                cluster: config,
                shard: member.shard.name,
                address: address,
                isReplica: member.isReplica
            )
            let node = try Node(configuration, group: group, control: control, logger: logger) { phase, message in
                self.note(address, phase, message)
            }
            state.withLock { $0.nodes[address] = node }
            try await node.start()
        } catch {
            add(.error, error.message)
        }
    }

    func answers(_ address: NodeAddress) async -> Bool {
        do throws(ClientError) {
            _ = try await HTTPFetch.request(method: "GET", address: address, path: "/healthz", group: group)
            return true
        } catch {
            return false
        }
    }

    private func command(_ action: String, _ address: NodeAddress) async {
        do throws(ClientError) {
            let response = try await HTTPFetch.request(
                method: "POST",
                address: address,
                path: "/admin/\(action)",
                timeout: .seconds(60),
                group: group
            )
            guard response.status == 200 else {
                return add(.error, "\(address) answered /admin/\(action) with \(response.status)")
            }
        } catch {
            add(.error, "can't \(action) \(address): \(error.message)")
        }
    }

    private func note(_ address: NodeAddress, _ phase: NodeStatus.State, _ message: String) {
        let (previous, isStopping) = state.withLock { state in
            defer { state.phases[address] = phase }
            return (state.phases[address], state.isStopping)
        }
        guard previous != phase, !isStopping else { return }
        let severity: Event.Severity =
            switch phase {
            case .running: .success
            case .failed: .error
            case .stopped: .warning
            default: .info
            }
        add(severity, "\(address) is \(phase.rawValue)" + (message.isEmpty ? "" : ": \(message)"))
        probe()
    }

    package func add(_ severity: Event.Severity, _ text: String) {
        let wake = state.withLock { state in
            state.events.append(Event(severity: severity, text: text))
            if state.events.count > EmbeddedCluster.eventsMax { state.events.removeFirst() }
            return state.wake
        }
        wake?()
    }

    /// Asks all nodes now; while an answer is awaited, one more round is remembered.
    func probe() {
        let nodes = state.withLock { state -> [NodeAddress: Node]? in
            guard !state.isStopping else { return nil }
            if state.isProbing {
                state.wantsProbe = true
                return nil
            }
            state.isProbing = true
            return state.nodes
        }
        guard let nodes else { return }
        Task {
            followConfig()
            let probe = ClusterProbe(config: state.withLock { $0.shown }, group: group, embedded: nodes)
            let status = await probe.probe()
            // Before the status is there to be shown: that a node is gone explains that its shard has no leader.
            noteRemote(status, embedded: Set(nodes.keys.map(\.description)))
            let (wake, again) = state.withLock { state in
                state.status = status
                state.readAt = max(state.readAt + 1, Clock.monotonicMilliseconds())
                state.isProbing = false
                defer { state.wantsProbe = false }
                return (state.wake, state.wantsProbe)
            }
            wake?()
            if again { self.probe() }
        }
    }

    /// Changes of nodes elsewhere become events, too.
    private func noteRemote(_ status: ClusterStatus, embedded: Set<String>) {
        for node in status.shards.flatMap(\.nodes) where !embedded.contains(node.address) {
            guard let address = try? NodeAddress(node.address) else { continue }
            let previous = state.withLock { state in
                defer { state.phases[address] = node.state }
                return state.phases[address]
            }
            guard let previous, previous != node.state else { continue }
            let severity: Event.Severity = node.state == .running ? .success : .warning
            add(severity, "\(address) is \(node.state.rawValue)" + (node.message.isEmpty ? "" : ": \(node.message)"))
        }
    }
}
