import Coordination
import Model
import Replication
import Resharding
import Routing
import Server

/// What a node knows of its cluster: the slot map, who leads each shard, who is there.
struct ClusterContents: Sendable {
    /// What a change was of.
    enum Part {
        /// Where clients are sent: the map, a leader, or who may be read from.
        case topology
        /// The own shard's record.
        case record
        /// The own shard's notices.
        case notices
        /// What resharding depends on.
        case snapshot
    }

    /// The shard whose record and notices count as the own ones.
    let shard: String
    private(set) var map: SlotMap
    private(set) var mapRevision: UInt64
    private(set) var records: [String: SeenRecord]
    /// By shard and member id.
    private var notices: [String: [String: MemberNotice]] = [:]
    /// By shard, from its record and notices.
    private var nodes: [String: ShardNodes] = [:]
    private var job: ReshardJob?
    private var jobRevision: UInt64 = 0
    /// Everything that was written up to it is known; 0 before the watch has told anything.
    private(set) var revision: UInt64 = 0
    /// What was told and can't be read, in words; for the log.
    private(set) var unreadable: [String] = []

    /// - Parameter records: what is known of each shard before the watch tells.
    init(shard: String, map: SlotMap, mapRevision: UInt64, records: [String: SeenRecord]) {
        self.shard = shard
        self.map = map
        self.mapRevision = mapRevision
        self.records = records
    }

    // MARK: What is known

    /// A shard's record; one without content if it has none.
    func record(of shard: String) -> SeenRecord { records[shard] ?? SeenRecord(record: nil, revision: 0) }

    /// By member id.
    func notices(of shard: String) -> [MemberNotice] {
        (notices[shard] ?? [:]).values.sorted { $0.member < $1.member }
    }

    /// The nodes of each of the map's shards that are there; nil where there is no record of a shard.
    var shardNodes: [ShardNodes?] { map.shardNames.map { nodes[$0] } }

    var topology: Topology { Topology(map: map, records: records) }

    var snapshot: CoordinatorSnapshot {
        CoordinatorSnapshot(map: map, mapRevision: mapRevision, records: records, job: job, jobRevision: jobRevision)
    }

    // MARK: What is told

    /// - Parameter isEverything: they are all that is there; what else is known is there no more.
    /// - Returns: what has changed.
    mutating func take(_ changes: [ClusterWatch.Change], revision: UInt64, isEverything: Bool) -> Set<Part> {
        var parts: Set<Part> = []
        unreadable = []
        for change in changes { take(change, &parts) }
        // What can't be read may be any of what was not told.
        if isEverything, unreadable.isEmpty { dropAll(except: changes, revision, &parts) }
        self.revision = max(self.revision, revision)
        return parts
    }

    private mutating func take(_ change: ClusterWatch.Change, _ parts: inout Set<Part>) {
        switch change {
        case .map(let map, let revision):
            guard revision > mapRevision else { return }
            self.map = map
            mapRevision = revision
            parts.formUnion([.topology, .snapshot])
        case .shard(let name, let seen): take(seen, of: name, &parts)
        case .notice(let notice):
            notices[notice.shard, default: [:]][notice.member.id] = notice
            noticesChanged(of: notice.shard, &parts)
        case .noticeGone(let name, let member):
            notices[name]?[member] = nil
            noticesChanged(of: name, &parts)
        case .document(ReshardJob.documentName, let json, let revision): take(job: json, revision, &parts)
        case .unreadable(let error): unreadable.append(error.message)
        case .identity, .sessionOpened, .sessionEnded, .document: break
        }
    }

    private mutating func take(_ seen: SeenRecord, of name: String, _ parts: inout Set<Part>) {
        if let old = records[name], old.revision >= seen.revision { return }
        let hadLeader = records[name]?.record?.leader
        records[name] = seen
        if hadLeader != seen.record?.leader { parts.insert(.topology) }
        look(at: name, &parts)
        parts.insert(.snapshot)
        if name == shard { parts.insert(.record) }
    }

    private mutating func take(job json: [UInt8]?, _ revision: UInt64, _ parts: inout Set<Part>) {
        guard revision > jobRevision else { return }
        do throws(ReshardError) {
            job = try json.map { bytes throws(ReshardError) in try ReshardJob(json: bytes) }
            jobRevision = revision
            parts.insert(.snapshot)
        } catch {
            // Counts as unchanged: its revision stays the old one, so nothing is decided on it.
            unreadable.append("the reshard's document: \(error.message)")
        }
    }

    private mutating func dropAll(except told: [ClusterWatch.Change], _ revision: UInt64, _ parts: inout Set<Part>) {
        var isJobThere = false
        var shardsThere: Set<String> = []
        var membersThere: [String: Set<String>] = [:]
        for change in told {
            switch change {
            case .shard(let name, _): shardsThere.insert(name)
            case .notice(let notice): membersThere[notice.shard, default: []].insert(notice.member.id)
            case .document(ReshardJob.documentName, _, _): isJobThere = true
            default: break
            }
        }
        for (name, members) in notices.sorted(by: { $0.key < $1.key }) {
            let gone = members.keys.filter { membersThere[name]?.contains($0) != true }
            guard !gone.isEmpty else { continue }
            for member in gone { notices[name]?[member] = nil }
            noticesChanged(of: name, &parts)
        }
        for name in records.keys.sorted() where !shardsThere.contains(name) && records[name]?.record != nil {
            take(SeenRecord(record: nil, revision: revision), of: name, &parts)
        }
        if job != nil, !isJobThere { take(job: nil, revision, &parts) }
    }

    private mutating func noticesChanged(of name: String, _ parts: inout Set<Part>) {
        look(at: name, &parts)
        if name == shard { parts.insert(.notices) }
    }

    /// A notice lives as long as its member's session.
    private mutating func look(at shard: String, _ parts: inout Set<Part>) {
        guard let record = records[shard]?.record else { return }
        var nodes = ShardNodes(leader: nil, fresh: [], lagging: [])
        for notice in notices(of: shard) {
            guard let address = try? NodeAddress(notice.member.address) else { continue }
            if notice.member.key == record.leader?.key {
                nodes.leader = address
            } else if record.includes(notice.member), notice.blocker == nil {
                nodes.fresh.append(address)
            } else {
                nodes.lagging.append(address)
            }
        }
        guard self.nodes[shard] != nodes else { return }
        self.nodes[shard] = nodes
        parts.insert(.topology)
    }
}
