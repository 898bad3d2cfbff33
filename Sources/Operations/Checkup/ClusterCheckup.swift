import Model
import Replication
import Resharding
import Routing
import Server

/// Holds what coordinator, nodes and folders say against each other, and says what is wrong. A plain function of what was
/// gathered (`ClusterCheckup.gather`).
package struct ClusterCheckup: Sendable {
    /// A data folder on this machine.
    package enum Folder: Sendable {
        case missing
        case marked(cluster: String, shard: String, engine: String, bytesFree: UInt64)
        case unreadable(String)
    }

    /// Slots named in one finding.
    private static let slotsNamedMax = 5

    package let config: ClusterConfig
    /// nil: it could not be asked, `coordinatorError` says why.
    package var snapshot: CoordinatorSnapshot?
    package var coordinatorError = ""
    package var status: ClusterStatus
    /// By address, of the nodes that answered.
    package var slots: [String: SlotsDocument]
    /// By address, of the nodes of this machine.
    package var folders: [String: Folder]

    package init(
        config: ClusterConfig,
        snapshot: CoordinatorSnapshot?,
        status: ClusterStatus,
        slots: [String: SlotsDocument] = [:],
        folders: [String: Folder] = [:]
    ) {
        self.config = config
        self.snapshot = snapshot
        self.status = status
        self.slots = slots
        self.folders = folders
    }

    /// All of it, by area; empty when all is well.
    package var findings: [CheckupFinding] {
        coordinatorFindings + mapFindings + reshardFindings + healthFindings + syncFindings
            + slots.values.sorted { $0.address < $1.address }.flatMap(keyFindings)
            + folders.sorted { $0.key < $1.key }.flatMap { folderFindings($0.key, $0.value) }
    }

    private var coordinatorFindings: [CheckupFinding] {
        guard snapshot == nil else { return [] }
        return [
            CheckupFinding(
                .coordinator,
                config.coordinator.rawValue,
                coordinatorError,
                advice: "leaders go on until their lease ends, then nobody serves: bring it back",
                code: .coordinatorUnreachable
            )
        ]
    }

    private var mapFindings: [CheckupFinding] {
        guard let map = snapshot?.map else { return [] }
        var findings: [CheckupFinding] = []
        for shard in map.shardNames where config.shard(named: shard) == nil {
            findings.append(
                CheckupFinding(
                    .map,
                    shard,
                    "the slot map has shard \(shard), \(config.file) has not",
                    advice: "add its document to config.yaml, or compare with the file on the machine that resharded",
                    code: .configDiffers
                )
            )
        }
        for shard in config.shards where map.index(ofShard: shard.name) == nil {
            findings.append(
                CheckupFinding(
                    .map,
                    shard.name,
                    "\(config.file) has shard \(shard.name), the slot map has not: it owns no slot",
                    advice: "`shoal reshard run --add \(shard.name)=\(shard.address)` gives it slots",
                    code: .configDiffers
                )
            )
        }
        for node in status.shards.flatMap(\.nodes) where node.state == .running {
            guard let known = node.map, known.version < Int(clamping: map.version) else { continue }
            findings.append(
                CheckupFinding(
                    .map,
                    node.address,
                    "it knows slot map \(known.version), the coordinator has \(map.version)",
                    advice: "it redirects to old owners until it hears of it: check its way to the coordinator",
                    code: .configDiffers
                )
            )
        }
        return findings
    }

    private var reshardFindings: [CheckupFinding] {
        guard let job = snapshot?.job else { return [] }
        let reason = job.reason.map { ": \($0)" } ?? ""
        return switch job.state {
        case .failed:
            [
                CheckupFinding(
                    .reshard,
                    "",
                    "the last reshard failed\(reason)",
                    advice: "what was moved stays moved; plan the rest anew with `shoal reshard plan`",
                    code: .reshardFailed
                )
            ]
        case .paused:
            [
                CheckupFinding(
                    .reshard,
                    "",
                    "a reshard is paused\(reason)",
                    advice: "`shoal reshard resume` or `shoal reshard cancel`",
                    code: .reshardPaused
                )
            ]
        case .running, .cancelling, .cancelled, .done: []
        }
    }

    /// What the nodes say of themselves, and what their shards lack for it.
    private var healthFindings: [CheckupFinding] {
        status.health.reasons.filter { !isToldWithMore($0) }.map { reason in
            CheckupFinding(
                CheckupFinding.Area(reason.code),
                reason.object,
                reason.text,
                advice: reason.code == .noLeader ? leaderAdvice(reason) : reason.action,
                code: reason.code,
                severity: reason.severity
            )
        }
    }

    /// Said with what only the coordinator or the folder knows.
    private func isToldWithMore(_ reason: Health.Reason) -> Bool {
        switch reason.code {
        case .reshardFailed, .reshardPaused: snapshot?.job != nil
        case .coordinatorUnreachable: snapshot == nil
        case .diskLow: folders[reason.object].map { if case .marked = $0 { true } else { false } } ?? false
        default: false
        }
    }

    private var syncFindings: [CheckupFinding] {
        status.shards.compactMap { shard in
            guard let record = snapshot?.records[shard.name]?.record, record.inSync.count < config.minInSync,
                !status.health.reasons.contains(where: { $0.code == .minInSync && $0.object == shard.name })
            else { return nil }
            return CheckupFinding(
                .lead,
                shard.name,
                "\(record.inSync.count) of its nodes are in sync, MinInSync is \(config.minInSync): writes are refused",
                advice: "bring its other nodes back",
                code: .minInSync,
                severity: .down
            )
        }
    }

    /// Only members of the in-sync set may become leader; the coordinator knows them when no node does.
    private func leaderAdvice(_ reason: Health.Reason) -> String {
        let members = snapshot?.records[reason.object]?.record?.inSync.map(\.address) ?? []
        guard !members.isEmpty else { return reason.action }
        return
            "start a member of its in-sync set, with its data folder: \(members.joined(separator: ", ")); it becomes leader by "
            + "itself. If the disks of all of them are lost for good, put back a backup of a member's data folder"
    }

    /// Keys in slots that are another shard's, unless a move is under way that they belong to.
    private func keyFindings(_ document: SlotsDocument) -> [CheckupFinding] {
        let map = snapshot?.map ?? document.map
        let job = snapshot?.job.flatMap { $0.state.isEnded ? nil : $0 }
        let index = map.index(ofShard: document.shard)
        var stray: [(slot: Int, keys: UInt64)] = []
        for run in document.runs {
            for (offset, keys) in run.keys.enumerated() where keys > 0 {
                let slot = run.slot + offset
                guard map.owners[slot] != index, !isMoving(slot, document.shard, job) else { continue }
                stray.append((slot, keys))
            }
        }
        guard !stray.isEmpty else { return [] }
        let keys = stray.reduce(UInt64(0)) { $0.addingReportingOverflow($1.keys).partialValue }
        let named = stray.prefix(Self.slotsNamedMax).map { "\($0.slot)" }.joined(separator: ", ")
        let rest = stray.count > Self.slotsNamedMax ? ", …" : ""
        return [
            CheckupFinding(
                .keys,
                document.address,
                "\(keys) keys in \(stray.count) slots of other shards (\(named)\(rest))",
                advice:
                    "nobody sees them; `curl http://\(document.address)/clean` at the shard's leader deletes them, or "
                    + "says why that would be unsafe",
                code: .strayKeys
            )
        ]
    }

    private func isMoving(_ slot: Int, _ shard: String, _ job: ReshardJob?) -> Bool {
        job?.moves.contains { move in
            (move.source == shard || move.target == shard)
                && move.slots.ranges.contains { $0.contains(UInt16(clamping: slot)) }
        } ?? false
    }

    private func folderFindings(_ address: String, _ folder: Folder) -> [CheckupFinding] {
        switch folder {
        case .missing: return []
        case .unreadable(let why):
            return [
                CheckupFinding(
                    .files,
                    address,
                    why,
                    advice: "restore it, or let the node begin with an empty folder",
                    code: .nodeFailed
                )
            ]
        case .marked(let cluster, let shard, _, let free):
            let owner = config.shards.first { shard in shard.nodes.contains { "\($0)" == address } }
            if cluster != config.name || shard != owner?.name {
                return [
                    CheckupFinding(
                        .files,
                        address,
                        "its data folder belongs to shard \(shard) of cluster \(cluster)",
                        advice: "correct DataDirectory, or move the folder away",
                        code: .configDiffers
                    )
                ]
            }
            guard free < Health.bytesFreeMin else { return [] }
            return [
                CheckupFinding(
                    .files,
                    address,
                    "its disk has \(free >> 20) MiB left",
                    advice: "make room: without it writes are refused",
                    code: .diskLow
                )
            ]
        }
    }
}
