/// How well a node or a cluster is, always with the reasons (docs/operations.md, Health). The same in a node's status,
/// `shoal status`, `shoal doctor`, the console, `/readyz`, `/metrics` and the log.
package struct Health: Codable, Hashable, Sendable {
    package enum State: String, Codable, Sendable, Comparable, CaseIterable {
        case ok
        /// All slots are served, but something needs attention.
        case degraded
        /// Some slots are not served, or not written.
        case down

        package static func < (left: State, right: State) -> Bool { left.rank < right.rank }

        /// What `/metrics` shows: 0, 1 or 2.
        package var rank: Int {
            switch self {
            case .ok: 0
            case .degraded: 1
            case .down: 2
            }
        }
    }

    /// What kind of fault it is; for programs, so a name never changes its meaning.
    package enum Code: String, Codable, Sendable, CaseIterable {
        case noLeader = "no_leader"
        case severalLeaders = "several_leaders"
        case nodeUnreachable = "node_unreachable"
        case nodeFailed = "node_failed"
        case nodeStopped = "node_stopped"
        case nodeStarting = "node_starting"
        case replicaOutOfSync = "replica_out_of_sync"
        case replicaLag = "replica_lag"
        case minInSync = "min_in_sync"
        case diskLow = "disk_low"
        case diskFull = "disk_full"
        case logFailed = "log_failed"
        case engineFailed = "engine_failed"
        case coordinatorUnreachable = "coordinator_unreachable"
        case coordinatorChanged = "coordinator_changed"
        case staleReader = "stale_reader"
        case filesLimit = "files_limit"
        case strayKeys = "stray_keys"
        case configDiffers = "config_differs"
        case versionsDiffer = "versions_differ"
        case reshardFailed = "reshard_failed"
        case reshardPaused = "reshard_paused"
    }

    /// One thing that is not as it should be.
    package struct Reason: Codable, Hashable, Sendable {
        package var code: Code
        package var severity: State
        /// A node's address, a shard, or a folder; empty for the whole cluster.
        package var object: String
        /// What is wrong, in words.
        package var text: String
        /// What to do about it.
        package var action: String

        package init(_ code: Code, _ severity: State, _ object: String, _ text: String, action: String) {
            self.code = code
            self.severity = severity
            self.object = object
            self.text = text
            self.action = action
        }
    }

    /// The worst of the reasons.
    package let state: State
    /// The worst ones first, otherwise in the order of their finding; each once.
    package let reasons: [Reason]

    package init(_ reasons: [Reason]) {
        var seen: Set<[String]> = []
        let once = reasons.filter { seen.insert([$0.code.rawValue, $0.object, $0.text]).inserted }
        self.reasons = State.allCases.reversed().flatMap { state in once.filter { $0.severity == state } }
        state = once.map(\.severity).max() ?? .ok
    }
}
