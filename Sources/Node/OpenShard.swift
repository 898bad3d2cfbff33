import Coordination
import Logging
import Model
import NIOCore
import Replication
import Resharding
import Routing
import Server
import Storage
import Synchronization

/// A node's shard while it is open: folder, store, membership, and on a replica the link to the leader.
final class OpenShard: Sendable {
    let folder: DataFolder
    let store: ShardStore
    let reader: ReplicationReader
    let membership: Membership
    let view: ClusterView
    let configuration: NodeConfiguration
    let loops: NodeLoops
    let logger: Logger
    private let following = Mutex<FollowerLink?>(nil)
    private let driver = Mutex<LeadershipDriver?>(nil)
    /// Of the term that is led, and those that have ended and whose threads are to be waited for.
    let reshardings = Mutex<(current: ReshardingDriver?, ended: [ReshardingDriver])>((nil, []))

    private init(_ configuration: NodeConfiguration, _ parts: Parts, loops: NodeLoops, logger: Logger) {
        self.configuration = configuration
        self.loops = loops
        self.logger = logger
        folder = parts.folder
        store = parts.store
        membership = parts.membership
        reader = ReplicationReader(store: parts.store, path: parts.folder.path + "/cursor")
        view = ClusterView(
            coordinator: parts.membership.coordinator,
            map: parts.membership.map,
            mapRevision: parts.membership.mapRevision,
            records: parts.membership.records,
            shard: configuration.shard,
            coordinatorID: parts.membership.coordinatorID,
            place: parts.membership.coordinator.backend.place,
            eventLoop: CoordinationExecutor.shared.eventLoop,
            logger: logger
        )
    }

    private struct Parts {
        var folder: DataFolder
        var membership: Membership
        var store: ShardStore
    }

    /// How long a status waits for the applier, so that a busy node still answers in time.
    private static let statusPatience = 250

    /// Joins the cluster, opens folder, engine and log and replays. Blocks, also for a coordinator that does not answer.
    /// - Parameters:
    ///   - stop: ends a wait for the coordinator.
    ///   - progress: what is waited for, in words; from any thread.
    ///   - joined: called with what the coordinator has, before the log is replayed.
    static func open(
        _ configuration: NodeConfiguration,
        loops: NodeLoops,
        logger: Logger,
        stop: OpeningStop,
        progress: @escaping @Sendable (String) -> Void,
        joined: (Topology) -> Void
    ) throws(StorageError) -> OpenShard {
        try DurableFolder.makeParents(of: configuration.folder)
        let folder = try DataFolder.open(
            path: configuration.folder,
            engine: configuration.engine,
            cluster: configuration.cluster.name,
            shard: configuration.shard,
            adopt: configuration.adopt
        )
        do throws(StorageError) {
            let membership = try Membership.join(configuration, folder: folder, stop: stop, progress: progress)
            joined(membership.topology)
            do throws(StorageError) {
                let store = try openStore(configuration, folder, logger, progress)
                let parts = Parts(folder: folder, membership: membership, store: store)
                return OpenShard(configuration, parts, loops: loops, logger: logger)
            } catch {
                membership.leave()
                throw error
            }
        } catch {
            folder.close()
            throw error
        }
    }

    private static func openStore(
        _ configuration: NodeConfiguration,
        _ folder: DataFolder,
        _ logger: Logger,
        _ progress: (String) -> Void
    ) throws(StorageError) -> ShardStore {
        var options = ShardStore.Options()
        options.durability = configuration.durability
        let store = try ShardStore.open(
            folder: folder,
            kind: configuration.engine,
            options: options,
            progress: progress
        )
        let report = store.log.recovered
        if report.tornBytes > 0 {
            logger.warning(
                "cut a torn tail off the commit log",
                metadata: [
                    "bytes": "\(report.tornBytes)", "segment": "\(report.segment)", "offset": "\(report.offset)",
                ]
            )
        }
        return store
    }

    /// The loops serve from the store now: take part in the shard.
    /// - Parameter onChange: the slot map or some shard's leader has changed.
    func begin(_ delegate: LeadershipDriver.Delegate, onChange: @escaping @Sendable () -> Void) {
        let cluster = configuration.cluster
        let driver = LeadershipDriver(
            LeadershipMachine.Configuration(
                shard: configuration.shard,
                member: membership.member,
                durability: configuration.durability,
                bootID: membership.bootID,
                lease: LeaseRule(ttl: UInt64(cluster.leaseSeconds) * 1000),
                isNamedLeader: configuration.role == .leader
            ),
            minInSync: cluster.minInSync,
            coordinator: CoordinatorTasks(membership.coordinator, id: membership.coordinatorID, view: view),
            store: store,
            control: loops.control,
            logger: logger,
            delegate: delegate
        )
        self.driver.withLock { $0 = driver }
        driver.start()
        view.begin(
            ClusterView.Delegate(
                recordSeen: { [weak driver] record in driver?.tell(.recordSeen(record)) },
                noticesSeen: { [weak driver] notices in driver?.tell(.noticesSeen(notices)) },
                snapshotSeen: { [weak self] snapshot in self?.resharding?.see(snapshot) },
                topologyChanged: onChange
            )
        )
    }

    /// The coordinator that the folder belongs to.
    var coordinatorID: String { membership.coordinatorID }

    var leadership: LeadershipDriver? { driver.withLock { $0 } }

    /// The link to the leader; nil on a leader, and while there is none.
    var link: FollowerLink? { following.withLock { $0 } }

    /// Follows that member from now on. Not for event loops.
    func follow(_ leader: Member, term: UInt64, onReport: @escaping @Sendable (FollowerReport) -> Void) {
        guard let address = try? NodeAddress(leader.address) else {
            return logger.error("the leader's address makes no sense", metadata: ["address": "\(leader.address)"])
        }
        if let link { return link.follow(address, term: term) }
        let link = FollowerLink(
            eventLoop: loops.replication,
            leader: address,
            store: store,
            identity: FollowerMachine.Identity(
                cluster: configuration.cluster.name,
                shard: configuration.shard,
                folder: folder.id,
                address: configuration.address.description,
                boot: membership.member.boot,
                coordinator: membership.coordinatorID
            ),
            needsSnapshot: !store.engine.isComplete,
            logger: logger,
            onReport: onReport,
            onLeaderChanged: { [weak self] record in self?.leadership?.handle(.recordSeen(record)) }
        )
        following.withLock { $0 = link }
        link.start()
    }

    /// Blocks until storage work has ended.
    func unfollow() {
        let link = following.withLock { link in
            defer { link = nil }
            return link
        }
        link?.stop()
    }

    /// Whether a replica has ever had its leader's data, whole.
    var holdsData: Bool { store.engine.isComplete && !store.isBeingInstalled && store.log.end.sequence > 0 }

    /// Whether this node may serve as the leader at this moment, as far as its lease goes.
    var holdsLease: Bool { store.lease.isValid }

    /// Hands leadership over, leaves the in-sync set. The loops still serve. Blocks.
    func retire() { leadership?.stop() }

    /// The loops have stopped using the store. Blocks.
    func close() {
        view.close()
        endTerm()
        joinEnded()
        unfollow()
        reader.close()
        store.close()
        membership.leave()
        folder.close()
    }

    /// Fills in what the node's health is judged by. Blocks for a moment, but for no disk.
    func tell(_ facts: inout NodeFacts) {
        let known = store.status()
        if let shard = leadership?.status {
            facts.hasLeader = shard.leader != nil
            facts.noLeaderReason = shard.noLeaderReason
            facts.inSync = shard.inSync.contains { $0.key == membership.member.key }
        }
        facts.failure = known.failure.map(NodeFacts.Fault.init)
        facts.engineError = known.engineError.map(NodeFacts.Fault.init)
        facts.damage = store.damage.map { NodeFacts.Fault(.damage, $0.message) }
        facts.tooFewInSync = known.refusal?.message
        facts.roomFailure = (known.reserveError ?? store.log.roomFailure).map(NodeFacts.Fault.init)
        facts.lagMilliseconds = link.map { Int(clamping: $0.status().lag.milliseconds) } ?? 0
        facts.coordinatorError = view.error
        facts.coordinatorChange = view.foreignCoordinator?.message
        facts.oldestViewSeconds = Int(clamping: store.views.oldestAge / 1_000_000_000)
        if let job = view.snapshot.job, job.state == .failed || job.state == .paused {
            facts.reshard = (job.state == .paused, job.reason ?? "")
        }
    }

    /// Gets whole contents in place of damaged ones: a leader hands over to a member that has them, and a replica takes them from
    /// its leader. Whoever is alone serves the rest. Blocks for a moment.
    func mendDamage() {
        store.views.lookAgainAtDamage()
        guard let damage = store.damage else { return }
        if let link { return link.replace(damaged: damage.message) }
        guard let leadership, leadership.status.inSync.count > 1 else { return }
        logger.error("hands over: the engine is damaged", metadata: ["reason": "\(damage.message)"])
        leadership.switchOver(to: nil) { [logger] failure in
            guard let failure else { return }
            logger.warning("could not hand over, and tries again", metadata: ["reason": "\(failure)"])
        }
    }

    /// Fills in what store, link and leadership know. Blocks for a moment.
    func describe(_ status: inout NodeStatus) {
        let total = store.total(patience: OpenShard.statusPatience)
        let known = store.status()
        status.keys = Int(clamping: total.keys)
        status.bytes = Int(clamping: total.bytes)
        status.position = known.commitPosition.description
        status.commit = known.mode.rawValue
        status.reads = store.enginePace.mode.rawValue
        if let shard = leadership?.status {
            status.inSync = shard.inSync.contains { $0.key == membership.member.key }
            status.leadership = NodeStatus.Leadership(shard)
            // Says more than that a leader is waited for, or can't be reached.
            if let reason = shard.noLeaderReason { status.message = reason }
        }
        if let failure = known.failure {
            status.state = .failed
            status.message = failure.message
        } else if let error = known.engineError, status.message.isEmpty {
            status.message = error.message
        } else if let refusal = known.refusal, status.message.isEmpty {
            status.message = "writes are refused: \(refusal.message)"
        }
        if status.message.isEmpty, let damage = store.damage { status.message = damage.message }
        if let error = known.reserveError, link == nil, status.message.isEmpty { status.message = error.message }
        if let following = link?.status() {
            status.lag = NodeStatus.Lag(
                milliseconds: Int(clamping: following.lag.milliseconds),
                entries: Int(clamping: following.lag.entries),
                bytes: Int(clamping: following.lag.bytes)
            )
        } else if status.message.isEmpty, let full = store.log.roomFailure {
            status.message = full.message
        }
        let snapshot = view.snapshot
        status.map = NodeStatus.Map(snapshot.map)
        if let job = snapshot.job, !job.state.isEnded {
            status.reshard = ReshardStatus(job, map: snapshot.map, nodes: [resharding?.progress].compactMap(\.self))
        }
        if let foreign = view.foreignCoordinator {
            status.message = foreign.message
        } else if status.message.isEmpty, let error = view.error {
            status.message = "the coordinator does not answer: \(error)"
        }
    }
}

extension NodeFacts.Fault {
    init(_ error: StorageError) {
        let kind: Kind =
            switch error.code {
            case .diskFull: .noRoom
            case .engine, .engineLost: .engine
            default: .log
            }
        self.init(kind, error.message)
    }
}
