import Model

/// Something that is wrong with a cluster, for people: what, where, and what to do.
package struct CheckupFinding: Codable, Hashable, Sendable {
    package enum Area: String, Codable, Sendable, CaseIterable {
        case coordinator, map, reshard, lead, nodes, lag, keys, files
    }

    package var area: Area
    /// A shard, a node's address, or a folder; empty for the whole cluster.
    package var place: String
    package var message: String
    /// What to do about it.
    package var advice: String

    package var code: Health.Code
    package var severity: Health.State

    package init(
        _ area: Area,
        _ place: String,
        _ message: String,
        advice: String,
        code: Health.Code,
        severity: Health.State = .degraded
    ) {
        self.code = code
        self.severity = severity
        self.area = area
        self.place = place
        self.message = message
        self.advice = advice
    }
}

extension CheckupFinding.Area {
    /// Where the reason for that is to be looked for.
    init(_ code: Health.Code) {
        self =
            switch code {
            case .noLeader, .severalLeaders, .minInSync: .lead
            case .nodeUnreachable, .nodeFailed, .nodeStopped, .nodeStarting, .versionsDiffer, .filesLimit, .staleReader:
                .nodes
            case .replicaOutOfSync, .replicaLag: .lag
            case .diskLow, .diskFull, .logFailed, .engineFailed: .files
            case .coordinatorUnreachable, .coordinatorChanged: .coordinator
            case .strayKeys: .keys
            case .configDiffers: .map
            case .reshardFailed, .reshardPaused: .reshard
            }
    }
}
