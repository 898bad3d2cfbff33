import Model
import Server

/// What somebody did through this console, and what became of it.
package struct AuditLog: Sendable {
    /// A hand-over is over, or given up, after a second; the status shows it another one later.
    private static let switchoverMilliseconds = 20_000

    package private(set) var entries: [AuditEntry] = []
    /// Lines that the log has still to get.
    private var lines: [String] = []

    /// Takes the lines that the log has still to get.
    mutating func takeLines() -> [String] {
        defer { lines = [] }
        return lines
    }

    /// Notes what is about to be done. What came of it is filled in when it shows.
    /// - Returns: how many entries there are more.
    mutating func note(_ actions: [ConsoleAction], who: String, _ clock: ConsoleClock) -> Int {
        let new = actions.compactMap { action in
            action.auditText.map {
                AuditEntry(
                    unixSeconds: clock.unixSeconds,
                    milliseconds: clock.milliseconds,
                    who: who,
                    what: $0,
                    action: action
                )
            }
        }
        entries += new
        if entries.count > AuditEntry.entriesMax { entries.removeFirst(entries.count - AuditEntry.entriesMax) }
        return new.count
    }

    /// The newest entry of this action has its result.
    mutating func finish(_ action: ConsoleAction, _ result: String, isGood: Bool) {
        guard let index = entries.lastIndex(where: { $0.action == action && $0.outcome == .underWay }) else { return }
        finish(at: index, result, isGood)
    }

    private mutating func finish(at index: Int, _ result: String, _ isGood: Bool) {
        entries[index].outcome = isGood ? .good : .bad
        entries[index].result = result
        lines.append(entries[index].line)
    }

    /// Requests about nodes are done when the status shows it, or never.
    /// - Parameter snapshot: the newest, shown or not: what begins next may change it before it is.
    mutating func follow(_ snapshot: ClusterSnapshot?, _ clock: ConsoleClock) {
        for index in entries.indices where entries[index].outcome == .underWay {
            let age = clock.unixSeconds - entries[index].unixSeconds
            switch entries[index].action {
            case .start(let addresses): follow(index, addresses, age, snapshot) { $0.serves }
            case .stop(let addresses): follow(index, addresses, age, snapshot) { $0 == .stopped }
            case .switchOver(let shard, let target): follow(index, shard, target, age, snapshot)
            case .reshard where age >= 1:
                // Refusals come at once; the job itself is told by the events.
                finish(at: index, "asked for", true)
            default: break
            }
        }
    }

    private mutating func follow(
        _ index: Int,
        _ addresses: [String],
        _ age: Int,
        _ snapshot: ClusterSnapshot?,
        isDone: (NodeStatus.State) -> Bool
    ) {
        // A status that is older than the request says nothing about it.
        guard let snapshot, snapshot.milliseconds >= entries[index].milliseconds else { return }
        let nodes = snapshot.status.shards.flatMap(\.nodes).filter { addresses.contains($0.address) }
        if let failed = nodes.first(where: { $0.state == .failed }) {
            finish(at: index, "\(failed.address) failed: \(failed.message)", false)
        } else if nodes.allSatisfy({ isDone($0.state) }) {
            finish(at: index, "done in \(NumberFormat.duration(seconds: age))", true)
        } else if age * 1_000 >= NodeOperations.milliseconds {
            let late = nodes.filter { !isDone($0.state) }.map { "\($0.address) is \($0.state.rawValue)" }
            finish(at: index, "not done: \(late.joined(separator: ", "))", false)
        }
    }

    private mutating func follow(
        _ index: Int,
        _ shard: String,
        _ target: String,
        _ age: Int,
        _ snapshot: ClusterSnapshot?
    ) {
        if snapshot?.status.shards.first(where: { $0.name == shard })?.runningLeader?.address == target {
            finish(at: index, "done in \(NumberFormat.duration(seconds: age))", true)
        } else if age * 1_000 >= Self.switchoverMilliseconds {
            finish(at: index, "not done: the leader is another", false)
        }
    }
}
