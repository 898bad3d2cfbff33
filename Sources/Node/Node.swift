import Logging
import Model
import NIOCore
import NIOPosix
import Replication
import Routing
import Server
import Storage
import Synchronization

/// One running member: an address, a data folder, an engine, a role. The daemon and the console both run this.
///
/// The address answers status from `start` to `stop`; the shard behind it may be started and stopped in between.
package final class Node: NodeControl {
    /// Everything that changes. Transitions of the shard are serialised by `transition`.
    struct State {
        var phase = NodeStatus.State.stopped
        var message = ""
        var shard: OpenShard?
        var server: NodeServer?
        var startedAt: UInt64
        /// Whether the node serves as its shard's leader, as leadership said last.
        var isLeader = false
        /// Who leads instead; nil while nobody does.
        var successor: NodeAddress?
        /// While the shard is not open: what was known of the cluster last.
        var known: Topology?
        /// Of the newest opening: one that waits for the coordinator gives up.
        var openingStop: OpeningStop?
        var changes = RecentChanges()
        /// Of a shard that has failed while it was open.
        var reopening = Reopening()
        var watch = HealthWatch()
    }

    package let configuration: NodeConfiguration
    let loops: NodeLoops
    let logger: Logger
    private let firstMap: SlotMap
    let metrics = NodeMetrics()
    let state: Mutex<State>
    /// Opens the shard, closes it, and tells the loops of changes: one after the other, on a thread of the node's own.
    let work = WorkQueue("shoal-node")
    /// Connections wait so long for a node that starts: it has nothing to tell before it knows who leads, but must say
    /// why when the coordinator does not answer.
    private static let joinPatience = TimeAmount.seconds(1)
    /// Held while the event loops are told what to serve from, so that the newest word is the last: leadership tells them
    /// from its own thread.
    private let serving = StoreLock()
    /// Telling the loops waits for its turn; more of it would tell the same.
    private let isServingQueued = Atomic<Bool>(false)
    private let onChange: @Sendable (NodeStatus.State, String) -> Void

    /// - Parameters:
    ///   - group: loops for clients.
    ///   - control: loops that neither sync, nor read engines, nor serve clients: leases are kept there.
    ///   - onChange: called, from any thread, when the shard's state or message changes.
    package init(
        _ configuration: NodeConfiguration,
        group: any EventLoopGroup,
        control: any EventLoopGroup,
        logger: Logger,
        onChange: @escaping @Sendable (NodeStatus.State, String) -> Void = { _, _ in }
    ) throws(NodeError) {
        self.configuration = configuration
        loops = NodeLoops(clients: group, control: control)
        var logger = logger
        logger[metadataKey: "node"] = "\(configuration.address)"
        self.logger = logger
        self.onChange = onChange
        do throws(RoutingError) {
            firstMap = try configuration.cluster.placement.map(current: nil, shards: configuration.cluster.shardNames)
        } catch {
            throw NodeError(.contradiction, "\(error)")
        }
        state = Mutex(State(startedAt: Clock.monotonicMilliseconds()))
    }

    /// Binds the address and begins to open the shard; returns when the address answers: once the node knows its cluster,
    /// or after a second. Once per node.
    package func start() async throws(NodeError) {
        setPhase(.starting, "opening the data folder")
        do throws(ServerError) {
            let server = try await NodeServer.bind(
                listen: configuration.listenAddress,
                group: loops.clients,
                replication: loops.replication,
                control: self,
                state: snapshot(nil),
                metrics: metrics,
                logger: logger
            )
            state.withLock { $0.server = server }
            // Not sooner: a node whose address is taken is not stopped by anyone, and would be watched for ever.
            watchHealth()
            let joined = loops.control.makePromise(of: Void.self)
            let patience = loops.control.scheduleTask(in: Node.joinPatience) { joined.succeed() }
            beginOpening { joined.succeed() }
            // It never fails.
            try? await joined.futureResult.get()
            patience.cancel()
            await server.accept()
        } catch {
            setPhase(.failed, error.message)
            throw NodeError(.address, error.message)
        }
    }

    /// Waits until the shard is no longer starting. Polls nothing: returns from the thread that opens it.
    package func waitUntilOpened() async -> NodeStatus.State {
        await work.run {}
        return state.withLock { $0.phase }
    }

    /// Stops the shard cleanly, gives the address back, and ends the node's thread. For good.
    package func stop() async {
        state.withLock { state in
            state.reopening.end()
            state.watch.end()
        }
        _ = await stopShard()
        let server = state.withLock { state in
            defer { state.server = nil }
            return state.server
        }
        await server?.close()
        work.close()
    }

    package func startShard() async -> NodeStatus {
        let isStopped = state.withLock { state in
            guard state.phase == .stopped || state.phase == .failed else { return false }
            state.phase = .starting
            state.message = "opening the data folder"
            return true
        }
        if isStopped {
            onChange(.starting, "opening the data folder")
            beginOpening {}
        }
        return await statusFromPool()
    }

    package func stopShard() async -> NodeStatus {
        state.withLock { $0.openingStop }?.stop()
        await work.run { [self] in closeShard() }
        return await statusFromPool()
    }

    /// A status may wait for the applier, which is nothing for Swift's own threads.
    private func statusFromPool() async -> NodeStatus {
        // The pool lasts as long as the process.
        (try? await NIOThreadPool.singleton.runIfActive { [self] in status() }) ?? status()
    }

    /// On the node's thread.
    func closeShard(_ phase: NodeStatus.State = .stopped, _ message: String = "") {
        // Handing over needs the loops and the streams as they are.
        state.withLock { $0.shard }?.retire()
        let last = topology()
        let shard = state.withLock { state in
            defer {
                state.known = last
                state.shard = nil
                state.isLeader = false
            }
            return state.shard
        }
        setPhase(phase, message)
        serve(nil)
        shard?.close()
    }

    /// - Parameter joined: called at least once: when the node knows its cluster, or knows that it won't.
    private func beginOpening(_ joined: @escaping @Sendable () -> Void) {
        let stop = OpeningStop()
        state.withLock { $0.openingStop = stop }
        let isTaken = work.add { [self] in
            openShard(stop, joined)
            joined()
        }
        if !isTaken {
            setPhase(.failed, "the node is ending")
            joined()
        }
    }

    /// On the node's thread.
    /// - Returns: why it can't be opened; nil also when somebody has stopped it.
    @discardableResult
    func openShard(_ stop: OpeningStop, _ joined: @escaping @Sendable () -> Void) -> StorageError? {
        guard state.withLock({ $0.phase == .starting }) else { return nil }
        do throws(StorageError) {
            let shard = try OpenShard.open(
                configuration,
                loops: loops,
                logger: logger,
                stop: stop,
                progress: { [weak self] in self?.setPhase(.starting, $0) },
                joined: { [self] topology in
                    state.withLock { $0.known = topology }
                    serve(nil)
                    joined()
                }
            )
            state.withLock { state in
                state.shard = shard
                state.isLeader = false
                state.successor = nil
            }
            setPhase(.syncing, "looking for the leader")
            serve(shard.store)
            shard.begin(delegate(of: shard)) { [weak self] in self?.serveAgain() }
            logger.info("shard is open", metadata: ["position": "\(shard.store.status().commitPosition)"])
            return nil
        } catch {
            if stop.isStopped {
                setPhase(.stopped, "")
                return nil
            }
            logger.error("the shard can't be opened", metadata: ["reason": "\(error.message)"])
            setPhase(.failed, error.message)
            serve(nil)
            return error
        }
    }

    private func delegate(of shard: OpenShard) -> LeadershipDriver.Delegate {
        LeadershipDriver.Delegate(
            serve: { [weak self] isLeader, leader in self?.serve(isLeader: isLeader, leader) },
            follow: { [weak self, weak shard] leader, term in
                shard?.follow(leader, term: term) { [weak self] report in self?.follow(report) }
            },
            unfollow: { [weak shard] done in
                shard?.unfollow()
                done()
            },
            termBegins: { [weak self, weak shard] term in self?.beginTerm(term, shard) },
            termEnded: { [weak shard] in shard?.endTerm() },
            sayLeaving: { [weak shard] in shard?.link?.leave() },
            storeFailed: { [weak self] failure in self?.storeHasFailed(failure) },
            note: { [weak self] gravity, text in self?.note(gravity, text) }
        )
    }

    func note(_ gravity: LeadershipMachine.Gravity, _ text: String) {
        let now = Int(Clock.wallMilliseconds() / 1000)
        state.withLock { $0.changes.add(gravity, text, at: now) }
    }

    /// The shard, while it is open.
    var openedShard: OpenShard? { state.withLock { $0.shard } }

    /// What is open now, by name: nothing of it may be left over after a stop.
    package var openObjects: [(name: String, object: AnyObject)] {
        guard let shard = openedShard else { return [] }
        var objects: [(name: String, object: AnyObject)] = [
            ("shard", shard), ("store", shard.store), ("log", shard.store.log), ("view", shard.view),
        ]
        if let link = shard.link { objects.append(("link", link)) }
        if let leadership = shard.leadership { objects.append(("leadership", leadership)) }
        if let resharding = shard.resharding { objects.append(("resharding", resharding)) }
        return objects
    }

    /// Leadership's word. Blocks until every loop serves so.
    private func serve(isLeader: Bool, _ leader: Member?) {
        let store = state.withLock { state -> ShardStore? in
            state.isLeader = isLeader
            state.successor = leader.flatMap { try? NodeAddress($0.address) }
            return state.shard?.store
        }
        guard store != nil else { return }
        if isLeader {
            beginServing()
            setPhase(.running, "")
        } else if leader == nil {
            let holdsData = state.withLock { $0.shard }?.holdsData ?? false
            setPhase(holdsData ? .running : .syncing, "waits for a leader")
        }
        serveFromShard()
    }

    private func serveFromShard() {
        serving.withLock {
            if let store = state.withLock({ $0.shard?.store }) { tellLoops(store) }
        }
    }

    /// The slot map, another shard's leader, or who may be read from has changed. Off the caller's thread: `serve` waits for all loops.
    private func serveAgain() {
        guard !isServingQueued.exchange(true, ordering: .acquiringAndReleasing) else { return }
        work.add { [weak self] in
            // Before the look: what changes after it asks again.
            self?.isServingQueued.store(false, ordering: .releasing)
            self?.serveFromShard()
        }
    }

    /// The replication's state is the replica's state.
    private func follow(_ report: FollowerReport) {
        let phase: NodeStatus.State =
            switch report.state {
            case .running: .running
            case .syncing: .syncing
            // Data is there and as old as the lag says; reads go on. Nothing is there before the first copy, and
            // half of it after a copy that was cut off.
            case .disconnected: state.withLock { $0.shard?.holdsData ?? false } ? .running : .syncing
            case .failed: .failed
            }
        let previous = state.withLock { state -> NodeStatus.State? in
            guard state.shard != nil, !state.isLeader else { return nil }
            let previous = state.phase
            state.phase = phase
            state.message = report.message
            return previous
        }
        guard let previous else { return }
        onChange(phase, report.message)
        if previous != phase { serveAgain() }
    }

    private func setPhase(_ phase: NodeStatus.State, _ message: String) {
        state.withLock { state in
            state.phase = phase
            state.message = message
        }
        onChange(phase, message)
    }

    private func serve(_ store: ShardStore?) { serving.withLock { tellLoops(store) } }

    /// `serving` held.
    private func tellLoops(_ store: ShardStore?) {
        guard let server = state.withLock({ $0.server }) else { return }
        do {
            try server.serve(snapshot(store))
        } catch {
            logger.error("a loop can't read the engine", metadata: ["reason": "\(error)"])
            setPhase(.failed, "\(error)")
        }
    }

    /// What is known now; with a shard that is not open what was known last, and before that config.yaml's word.
    private func topology() -> Topology {
        let (shard, isLeader, successor, known) = state.withLock { ($0.shard, $0.isLeader, $0.successor, $0.known) }
        guard let view = shard?.view else {
            return known ?? Topology(map: firstMap, leaders: configuration.cluster.shards.map { $0.address })
        }
        var topology = view.topology
        if let index = topology.map.index(ofShard: configuration.shard) {
            // What leadership says of the own shard is ahead of the watch.
            let leader = isLeader ? configuration.address : successor
            topology.leaders[Int(index)] = leader ?? topology.leaders[Int(index)]
        }
        return topology
    }

    private func snapshot(_ store: ShardStore?) -> ServingState {
        let (phase, message, shard, isLeader) = state.withLock { ($0.phase, $0.message, $0.shard, $0.isLeader) }
        let topology = topology()
        return ServingState(
            config: configuration.cluster,
            map: topology.map,
            address: configuration.address,
            shardName: configuration.shard,
            role: isLeader ? .leader : .replica,
            leaders: topology.leaders,
            nodes: shard?.view.nodes ?? [],
            store: store,
            phase: phase,
            message: message,
            leadership: shard?.leadership,
            resharding: isLeader ? shard?.resharding : nil,
            coordinator: shard?.coordinatorID
        )
    }
}
