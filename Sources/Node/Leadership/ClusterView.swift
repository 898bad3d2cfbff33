import Coordination
import Logging
import Replication
import Resharding
import Routing
import Server
import Synchronization

/// What the coordinator's watch has told of the cluster so far: the slot map, who leads each shard, who is there.
final class ClusterView: Sendable {
    private struct State {
        var map: SlotMap
        var mapRevision: UInt64
        var records: [String: SeenRecord] = [:]
        /// By shard and member id.
        var notices: [String: [String: MemberNotice]] = [:]
        /// By shard, from its record and notices.
        var nodes: [String: ShardNodes] = [:]
        var job: ReshardJob?
        var jobRevision: UInt64 = 0
        var error: String?
    }

    private let coordinator: ClusterCoordinator
    private let shard: String
    private let logger: Logger
    private let state: Mutex<State>
    private let calls = CoordinatorCalls()

    /// - Parameters:
    ///   - records: what is known of each shard before the watch tells.
    ///   - shard: the one whose records and notices are handed on.
    init(
        coordinator: ClusterCoordinator,
        map: SlotMap,
        mapRevision: UInt64,
        records: [String: SeenRecord],
        shard: String,
        logger: Logger
    ) {
        self.coordinator = coordinator
        self.shard = shard
        self.logger = logger
        state = Mutex(State(map: map, mapRevision: mapRevision, records: records))
    }

    /// Follows the coordinator from now on.
    /// - Parameters:
    ///   - leadership: takes the shard's record and notices.
    ///   - onSnapshot: the map has changed, or a shard's record, or the reshard's document; as of one moment.
    ///   - onChange: the map has changed, or a shard's leader, or which of its nodes may be read from.
    func begin(
        leadership: LeadershipDriver,
        onSnapshot: @escaping @Sendable (CoordinatorSnapshot) -> Void,
        onChange: @escaping @Sendable () -> Void
    ) {
        calls.begin { [weak self, weak leadership, coordinator] in
            var isFirst = true
            for await event in coordinator.watch() {
                guard let self else { return }
                switch event {
                case .interrupted(let error): interrupted(error)
                case .changes(let changes):
                    let told = note(changes)
                    if told.contains(.records) || isFirst { leadership?.tell(.recordSeen(record(of: shard))) }
                    if told.contains(.notices) || isFirst { leadership?.tell(.noticesSeen(notices(of: shard))) }
                    isFirst = false
                    // Loops learn of a map before leaders act on it: so they redirect as soon as a slot is gone.
                    if told.contains(.topology) { onChange() }
                    if told.contains(.snapshot) { onSnapshot(snapshot) }
                }
            }
        }
    }

    func end() { calls.end() }

    var map: SlotMap { state.withLock { $0.map } }

    /// Why nothing new is heard of the coordinator; nil while it answers.
    var error: String? { state.withLock { $0.error } }

    /// A shard's record; one without content if it has none.
    func record(of shard: String) -> SeenRecord {
        state.withLock { $0.records[shard] } ?? SeenRecord(record: nil, revision: 0)
    }

    /// The map, and the leader of each of its shards.
    var topology: Topology { state.withLock { Topology(map: $0.map, records: $0.records) } }

    /// The nodes of each of the map's shards that are there; nil where there is no record of a shard.
    var nodes: [ShardNodes?] {
        state.withLock { state in state.map.shardNames.map { state.nodes[$0] } }
    }

    private func notices(of shard: String) -> [MemberNotice] {
        state.withLock { state in (state.notices[shard] ?? [:]).values.sorted { $0.member < $1.member } }
    }

    private func interrupted(_ error: CoordinationError) {
        state.withLock { $0.error = error.message }
        logger.warning("the coordinator does not answer", metadata: ["reason": "\(error.message)"])
    }

    /// What resharding depends on, as the watch told it last.
    var snapshot: CoordinatorSnapshot {
        state.withLock { state in
            CoordinatorSnapshot(
                map: state.map,
                mapRevision: state.mapRevision,
                records: state.records,
                job: state.job,
                jobRevision: state.jobRevision
            )
        }
    }

    private enum Told { case topology, records, notices, snapshot }

    private func note(_ changes: [ClusterWatch.Change]) -> Set<Told> {
        var told: Set<Told> = []
        for change in changes {
            if case .unreadable(let error) = change {
                logger.error("a value at the coordinator can't be read", metadata: ["reason": "\(error.message)"])
            }
            state.withLock { note(change, &$0, &told) }
        }
        state.withLock { $0.error = nil }
        return told
    }

    private func note(_ change: ClusterWatch.Change, _ state: inout State, _ told: inout Set<Told>) {
        switch change {
        case .map(let map, let revision):
            guard revision > state.mapRevision else { return }
            state.map = map
            state.mapRevision = revision
            told.formUnion([.topology, .snapshot])
        case .shard(let name, let seen):
            if let old = state.records[name], old.revision >= seen.revision { return }
            let hadLeader = state.records[name]?.record?.leader
            state.records[name] = seen
            if hadLeader != seen.record?.leader { told.insert(.topology) }
            look(at: name, &state, &told)
            told.insert(.snapshot)
            if name == shard { told.insert(.records) }
        case .notice(let notice):
            state.notices[notice.shard, default: [:]][notice.member.id] = notice
            look(at: notice.shard, &state, &told)
            if notice.shard == shard { told.insert(.notices) }
        case .noticeGone(let name, let member):
            state.notices[name]?[member] = nil
            look(at: name, &state, &told)
            if name == shard { told.insert(.notices) }
        case .document(ReshardJob.documentName, let json, let revision): note(json, revision, &state, &told)
        case .sessionOpened, .sessionEnded, .document, .unreadable: break
        }
    }

    private func note(_ json: [UInt8]?, _ revision: UInt64, _ state: inout State, _ told: inout Set<Told>) {
        guard revision > state.jobRevision else { return }
        do throws(ReshardError) {
            state.job = try json.map { bytes throws(ReshardError) in try ReshardJob(json: bytes) }
            state.jobRevision = revision
            told.insert(.snapshot)
        } catch {
            // Counts as unchanged: its revision stays the old one, so nothing is decided on it.
            logger.error("the reshard's document can't be read", metadata: ["reason": "\(error.message)"])
        }
    }

    /// A notice lives as long as its member's session.
    private func look(at shard: String, _ state: inout State, _ told: inout Set<Told>) {
        guard let record = state.records[shard]?.record else { return }
        var nodes = ShardNodes(leader: nil, fresh: [], lagging: [])
        for notice in (state.notices[shard] ?? [:]).values.sorted(by: { $0.member < $1.member }) {
            guard let address = try? NodeAddress(notice.member.address) else { continue }
            if notice.member.key == record.leader?.key {
                nodes.leader = address
            } else if record.includes(notice.member), notice.blocker == nil {
                nodes.fresh.append(address)
            } else {
                nodes.lagging.append(address)
            }
        }
        guard state.nodes[shard] != nodes else { return }
        state.nodes[shard] = nodes
        told.insert(.topology)
    }
}
