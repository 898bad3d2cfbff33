import Model
import NIOCore
import Replication
import Routing

/// What changed at the coordinator, in the cluster's terms: `for await event in coordinator.watch()`.
///
/// The first event has everything that is there; then comes every change, the newest state of each (see
/// `CoordinatorWatch`). Ends when its task is cancelled, `cancel` is called, or the coordinator is closed.
package struct ClusterWatch: AsyncSequence, Sendable {
    package enum Event: Sendable {
        /// One per transaction or several; in this order: identity, sessions, map, records, notices, documents. `revision`:
        /// everything up to it has been told.
        case changes([Change], revision: UInt64)
        /// The coordinator does not answer; changes come again by themselves. Once per outage, whose end is told by
        /// `changes`, perhaps without any.
        case interrupted(CoordinationError)
    }

    package enum Change: Sendable {
        /// Whose coordinator it is; nil: nobody's any more.
        case identity(ClusterIdentity?)
        case map(SlotMap, revision: UInt64)
        /// A record that was deleted has none.
        case shard(name: String, SeenRecord)
        case sessionOpened(id: String)
        case sessionEnded(id: String)
        case notice(MemberNotice)
        case noticeGone(shard: String, member: String)
        case document(name: String, json: [UInt8]?, revision: UInt64)
        /// A value that can't be read; it counts as unchanged.
        case unreadable(CoordinationError)
    }

    private let coordinator: ClusterCoordinator
    private let watch: CoordinatorWatch

    init(coordinator: ClusterCoordinator, watch: CoordinatorWatch) {
        self.coordinator = coordinator
        self.watch = watch
    }

    package func cancel() { watch.cancel() }

    /// Asks for the next event. It is given once, as soon as there is one, on coordination's loop; nil when the watch has
    /// ended. One question at a time.
    package func next(_ answer: @escaping @Sendable (Event?) -> Void) {
        watch.next { [coordinator] event in
            // Values are decoded there, and not on the backend's thread.
            CoordinationExecutor.shared.eventLoop.execute { answer(coordinator.told(event)) }
        }
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(coordinator: coordinator, source: watch.makeAsyncIterator())
    }

    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let coordinator: ClusterCoordinator
        fileprivate let source: CoordinatorWatch.Iterator

        package func next() async -> Event? { coordinator.told(await source.next()) }
    }
}

extension ClusterCoordinator {
    /// Follows everything of the cluster, or only what is below a prefix of `ClusterKeys`.
    package func watch(below prefix: String = "") -> ClusterWatch {
        ClusterWatch(coordinator: self, watch: backend.watch(prefix))
    }

    fileprivate func told(_ event: CoordinatorWatch.Event?) -> ClusterWatch.Event? {
        switch event {
        case nil: nil
        case .interrupted(let error): .interrupted(error)
        case .changes(let changes, let revision): .changes(told(changes), revision: revision)
        }
    }

    private func told(_ changes: [CoordinatorWatch.Change]) -> [ClusterWatch.Change] {
        let told = changes.compactMap { change -> (Int, ClusterWatch.Change)? in
            do throws(CoordinationError) {
                return try tell(change)
            } catch {
                return (0, .unreadable(error))
            }
        }
        // The sort is stable enough: within a rank the order of keys does not matter.
        return told.sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func tell(_ change: CoordinatorWatch.Change) throws(CoordinationError) -> (Int, ClusterWatch.Change)? {
        let key = change.key
        if let id = rest(of: key, after: ClusterKeys.sessions) {
            if case .deleted = change { return (1, .sessionEnded(id: id)) }
            return (1, .sessionOpened(id: id))
        }
        if key == ClusterKeys.identity {
            guard case .put(let entry) = change else { return (0, .identity(nil)) }
            return (0, .identity(try values.decode(ClusterIdentity.self, entry)))
        }
        if key == ClusterKeys.map, case .put(let entry) = change {
            return (2, .map(try values.decode(SlotMap.self, entry), revision: entry.revision))
        }
        if let name = rest(of: key, after: ClusterKeys.shards) {
            switch change {
            case .put(let entry):
                let record = try values.decode(ShardRecord.self, entry)
                return (3, .shard(name: name, SeenRecord(record: record, revision: entry.revision)))
            case .deleted(_, let revision):
                return (3, .shard(name: name, SeenRecord(record: nil, revision: revision)))
            }
        }
        if let path = rest(of: key, after: ClusterKeys.notices) {
            if case .put(let entry) = change { return (4, .notice(try values.decode(MemberNotice.self, entry))) }
            let parts = path.split(separator: "/").map(String.init)
            return parts.count == 2 ? (4, .noticeGone(shard: parts[0], member: parts[1])) : nil
        }
        if let name = rest(of: key, after: ClusterKeys.documents) {
            switch change {
            case .put(let entry): return (5, .document(name: name, json: entry.value, revision: entry.revision))
            case .deleted(_, let revision): return (5, .document(name: name, json: nil, revision: revision))
            }
        }
        return nil
    }

    private func rest(of key: String, after prefix: String) -> String? {
        key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
    }
}
