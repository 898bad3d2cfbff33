extension Health {
    /// A replica that is behind for longer would lose so much at a failover where it is needed, and answers no bounded read.
    package static let lagMillisecondsMax = 2_000
    /// Less room than this for a log and an engine is soon none.
    package static let bytesFreeMin: UInt64 = 1 << 30
    /// A read that is open for longer keeps the engine from using space again.
    package static let viewSecondsMax = 60
    /// Of the files that may be open, in percent: beyond it the next connections may be the last.
    package static let filesPercentMax = 90

    /// How well a node is, of itself: `down` is its own part of the shard, whoever else serves it.
    package static func of(_ node: NodeFacts) -> Health {
        switch node.state {
        case .unreachable:
            Health([
                Reason(
                    .nodeUnreachable,
                    .down,
                    node.address,
                    "\(node.address) can't be reached" + words(node.message),
                    action: "start it, or check the way to it"
                )
            ])
        case .stopped:
            Health([
                Reason(
                    .nodeStopped,
                    .down,
                    node.address,
                    "the shard is stopped on \(node.address)",
                    action: "`shoal start \(node.address)`"
                )
            ])
        case .starting:
            Health([
                Reason(
                    .nodeStarting,
                    .down,
                    node.address,
                    "\(node.address) is starting" + words(node.message),
                    action: "wait; if it does not end, mend what it says"
                )
            ])
        case .failed: Health([failed(node)] + disk(node) + coordinator(node))
        case .running, .syncing:
            Health(
                storage(node) + lead(node) + replica(node) + disk(node) + coordinator(node) + resources(node)
                    + reshard(node)
            )
        }
    }

    private static func words(_ message: String) -> String { message.isEmpty ? "" : ": \(message)" }

    private static func failed(_ node: NodeFacts) -> Reason {
        if let failure = node.failure { return reason(failure, .down, node) }
        return Reason(
            .nodeFailed,
            .down,
            node.address,
            "\(node.address) has failed" + words(node.message),
            action: "mend what it says, then `shoal start \(node.address)`"
        )
    }

    private static func reason(_ fault: NodeFacts.Fault, _ severity: State, _ node: NodeFacts) -> Reason {
        let text = "\(node.address): \(fault.text)"
        return switch fault.kind {
        case .log:
            Reason(
                .logFailed,
                severity,
                node.address,
                text,
                action: "check the disk and the kernel's log; the node opens the shard again by itself until that works"
            )
        case .engine:
            Reason(
                .engineFailed,
                severity,
                node.address,
                text,
                action: "check the disk and the kernel's log; the node tries again by itself"
            )
        case .damage:
            Reason(
                .engineFailed,
                severity,
                node.address,
                text,
                action:
                    "check the disk; a node with a replica gets a new copy by itself, one without serves the rest: write the key "
                    + "again, or restore it"
            )
        case .noRoom:
            Reason(.diskFull, severity, node.address, text, action: "make room on its disk; writes go on by themselves")
        case .other: Reason(.nodeFailed, severity, node.address, text, action: "mend what it says")
        }
    }

    private static func storage(_ node: NodeFacts) -> [Reason] {
        if let failure = node.failure { return [reason(failure, .down, node)] }
        let isLeader = node.role == .leader
        var reasons: [Reason] = []
        // The log takes writes as long as it can.
        if let damage = node.damage {
            reasons.append(reason(damage, .degraded, node))
        } else if let error = node.engineError {
            reasons.append(reason(error, .degraded, node))
        }
        if let failure = node.roomFailure { reasons.append(reason(failure, isLeader ? .down : .degraded, node)) }
        return reasons
    }

    private static func lead(_ node: NodeFacts) -> [Reason] {
        var reasons: [Reason] = []
        if node.role == .replica, node.hasLeader == false || node.noLeaderReason != nil {
            reasons.append(
                Reason(
                    .noLeader,
                    .down,
                    node.shard,
                    "\(node.shard) has no leader" + words(node.noLeaderReason ?? ""),
                    action: "start its nodes; one of the in-sync set becomes leader by itself"
                )
            )
        }
        if let text = node.tooFewInSync {
            reasons.append(
                Reason(
                    .minInSync,
                    .down,
                    node.shard,
                    "\(node.shard) refuses writes: \(text)",
                    action: "bring its other nodes back"
                )
            )
        }
        return reasons
    }

    private static func replica(_ node: NodeFacts) -> [Reason] {
        guard node.role == .replica, node.failure == nil, node.hasLeader != false else { return [] }
        let action = "it catches up by itself; if it does not, its disk or the link is too slow for the writes"
        if !node.inSync || node.state == .syncing {
            let text = "\(node.address) is out of sync, so it can't become leader" + words(node.message)
            return [Reason(.replicaOutOfSync, .degraded, node.address, text, action: action)]
        }
        guard node.lagMilliseconds > lagMillisecondsMax else { return [] }
        let text = "\(node.address) is \(node.lagMilliseconds) ms behind its leader"
        return [Reason(.replicaLag, .degraded, node.address, text, action: action)]
    }

    private static func disk(_ node: NodeFacts) -> [Reason] {
        guard let free = node.bytesFree, free < bytesFreeMin else { return [] }
        return [
            Reason(
                .diskLow,
                .degraded,
                node.address,
                "the disk of \(node.address) has \(free >> 20) MiB left, at \(node.folder)",
                action: "make room: without it writes are refused"
            )
        ]
    }

    private static func coordinator(_ node: NodeFacts) -> [Reason] {
        if let change = node.coordinatorChange {
            return [
                Reason(
                    .coordinatorChanged,
                    .down,
                    node.address,
                    "\(node.address): \(change)",
                    action:
                        "put the coordinator's data back from a backup, or correct Coordinator and EtcdEndpoints; delete no data "
                        + "folder: they have what was acknowledged"
                )
            ]
        }
        guard let error = node.coordinatorError else { return [] }
        return [
            Reason(
                .coordinatorUnreachable,
                .degraded,
                node.address,
                "\(node.address) gets no answer of the coordinator: \(error)",
                action: "leaders go on until their lease ends, then nobody serves: bring it back"
            )
        ]
    }

    private static func resources(_ node: NodeFacts) -> [Reason] {
        var reasons: [Reason] = []
        if let files = node.files, files.open * 100 > files.limit * filesPercentMax {
            reasons.append(
                Reason(
                    .filesLimit,
                    .degraded,
                    node.address,
                    "\(node.address) has \(files.open) of \(files.limit) files and connections open",
                    action:
                        "raise the limit of open files (`ulimit -n`, LimitNOFILE) and start it again, or have fewer "
                        + "connections"
                )
            )
        }
        if let clients = node.clients, clients.connected >= clients.max {
            reasons.append(
                Reason(
                    .filesLimit,
                    .degraded,
                    node.address,
                    "\(node.address) has all \(clients.max) connections of clients open that it takes",
                    action: "further ones are refused: have fewer, or raise the limit of open files (`ulimit -n`, "
                        + "LimitNOFILE) and start it again"
                )
            )
        }
        if node.oldestViewSeconds > viewSecondsMax {
            reasons.append(
                Reason(
                    .staleReader,
                    .degraded,
                    node.address,
                    "\(node.address) has had a read of its engine open for \(node.oldestViewSeconds) s",
                    action: "its files grow meanwhile: end whoever reads, or restart the node"
                )
            )
        }
        return reasons
    }

    private static func reshard(_ node: NodeFacts) -> [Reason] {
        guard let reshard = node.reshard else { return [] }
        if reshard.isPaused {
            let text = "a reshard is paused" + words(reshard.reason)
            return [
                Reason(.reshardPaused, .degraded, "", text, action: "`shoal reshard resume` or `shoal reshard cancel`")
            ]
        }
        let action = "what was moved stays moved; plan the rest anew with `shoal reshard plan`"
        return [
            Reason(.reshardFailed, .degraded, "", "the last reshard failed" + words(reshard.reason), action: action)
        ]
    }
}
