import Coordination
import Model
import Replication
import Routing

/// What the coordinator has, and had at every revision: known to the simulation alone.
struct SimulatedLedger {
    enum Value {
        case map(SlotMap)
        case session
        case record(ShardRecord)
        case notice(MemberNotice)
    }

    typealias Entries = [String: CoordinatorEntry]

    /// By revision, from 0: what was there, what had changed, and when that was in microseconds.
    private var past: [(entries: Entries, changes: [CoordinatorWatch.Change], time: UInt64)] = [([:], [], 0)]
    /// An entry's bytes are a number in this list: nothing here decodes JSON.
    private var values: [Value] = []

    var revision: UInt64 { UInt64(past.count - 1) }
    var entries: Entries { entries(at: revision) }

    func entries(at revision: UInt64) -> Entries { past[Int(revision)].entries }

    /// What had been written by then.
    func revision(at time: UInt64) -> UInt64 { UInt64(past.lastIndex { $0.time <= time } ?? 0) }

    // MARK: Writing

    mutating func put(_ key: String, _ value: Value, session: String? = nil, at time: UInt64) {
        var entries = entries
        values.append(value)
        let entry = CoordinatorEntry(
            key: key,
            value: Array(String(values.count - 1).utf8),
            revision: revision + 1,
            session: session
        )
        entries[key] = entry
        past.append((entries, [.put(entry)], time))
    }

    /// Everything that is tied to a session goes with it.
    mutating func end(session: String, at time: UInt64) {
        var entries = entries
        let gone = entries.values.filter { $0.session == session }.map(\.key).sorted()
        for key in gone { entries[key] = nil }
        past.append((entries, gone.map { .deleted(key: $0, revision: revision + 1) }, time))
    }

    // MARK: Reading

    func map(at revision: UInt64) -> (map: SlotMap, revision: UInt64)? {
        guard let entry = entries(at: revision)[ClusterKeys.map], case .map(let map) = value(of: entry) else {
            return nil
        }
        return (map, entry.revision)
    }

    func record(of shard: String, at revision: UInt64) -> SeenRecord {
        guard let entry = entries(at: revision)[ClusterKeys.shard(shard)], case .record(let record) = value(of: entry)
        else { return SeenRecord(record: nil, revision: 0) }
        return SeenRecord(record: record, revision: entry.revision)
    }

    func notices(of shard: String, at revision: UInt64) -> [MemberNotice] {
        entries(at: revision).values.compactMap { entry in
            guard case .notice(let notice) = value(of: entry), notice.shard == shard else { return nil }
            return notice
        }.sorted { $0.member < $1.member }
    }

    private func value(of entry: CoordinatorEntry) -> Value? {
        Int(String(decoding: entry.value, as: UTF8.self)).map { values[$0] }
    }

    // MARK: Watches

    /// What a watch misses that knows everything up to a revision, oldest first.
    func changes(after known: UInt64) -> [CoordinatorWatch.Change] { past[Int(known + 1)...].flatMap(\.changes) }

    /// In the cluster's terms, and in the order of `ClusterWatch`.
    func told(_ event: CoordinatorWatch.Event?) -> ClusterWatch.Event? {
        switch event {
        case nil: nil
        case .interrupted(let error): .interrupted(error)
        case .changes(let changes, let revision):
            .changes(changes.compactMap(told).sorted { $0.rank < $1.rank }.map(\.change), revision: revision)
        }
    }

    private func told(_ change: CoordinatorWatch.Change) -> (rank: Int, change: ClusterWatch.Change)? {
        switch change {
        case .put(let entry):
            switch value(of: entry) {
            case .session: (1, .sessionOpened(id: String(entry.key.dropFirst(ClusterKeys.sessions.count))))
            case .map(let map): (2, .map(map, revision: entry.revision))
            case .record(let record):
                (3, .shard(name: record.shard, SeenRecord(record: record, revision: entry.revision)))
            case .notice(let notice): (4, .notice(notice))
            case nil: nil
            }
        case .deleted(let key, _):
            if key.hasPrefix(ClusterKeys.sessions) {
                (1, .sessionEnded(id: String(key.dropFirst(ClusterKeys.sessions.count))))
            } else {
                goneNotice(key).map { (4, $0) }
            }
        }
    }

    private func goneNotice(_ key: String) -> ClusterWatch.Change? {
        let parts = key.split(separator: "/").map(String.init)
        return parts.count == 3 ? .noticeGone(shard: parts[1], member: parts[2]) : nil
    }
}
