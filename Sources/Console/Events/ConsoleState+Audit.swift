import Server
import Terminal

extension ConsoleState {
    /// Notes what is about to be done. What came of it is filled in when it shows.
    mutating func audit(_ actions: [ConsoleAction]) {
        for action in actions {
            guard let what = action.auditText else { continue }
            audit.append(
                AuditEntry(
                    unixSeconds: clock.unixSeconds,
                    milliseconds: clock.milliseconds,
                    who: options.user,
                    what: what,
                    action: action
                )
            )
            if audit.count > AuditEntry.entriesMax { audit.removeFirst() }
            eventsView.keepPlace(1)
        }
    }

    /// The newest entry of this action has its result.
    mutating func finishAudit(of action: ConsoleAction, _ result: String, isGood: Bool) {
        guard let index = audit.lastIndex(where: { $0.action == action && $0.outcome == .underWay }) else { return }
        finishAudit(at: index, result, isGood)
    }

    private mutating func finishAudit(at index: Int, _ result: String, _ isGood: Bool) {
        audit[index].outcome = isGood ? .good : .bad
        audit[index].result = result
        auditLines.append(audit[index].line)
    }

    /// Requests about nodes are done when the status shows it, or never.
    mutating func followAudit() {
        for index in audit.indices where audit[index].outcome == .underWay {
            let age = clock.unixSeconds - audit[index].unixSeconds
            switch audit[index].action {
            case .start(let addresses): follow(index, addresses, age) { $0.serves }
            case .stop(let addresses): follow(index, addresses, age) { $0 == .stopped }
            case .switchOver(let shard, let target): follow(index, shard, target, age)
            case .reshard where age >= 1:
                // Refusals come at once; the job itself is told by the events.
                finishAudit(at: index, "asked for", true)
            default: break
            }
        }
    }

    private mutating func follow(
        _ index: Int,
        _ addresses: [String],
        _ age: Int,
        isDone: (NodeStatus.State) -> Bool
    ) {
        // A status that is older than the request says nothing about it. The newest counts, shown or not: what begins next may
        // change it before it is.
        guard let snapshot = waiting ?? snapshot, snapshot.milliseconds >= audit[index].milliseconds else { return }
        let nodes = snapshot.status.shards.flatMap(\.nodes).filter { addresses.contains($0.address) }
        if let failed = nodes.first(where: { $0.state == .failed }) {
            finishAudit(at: index, "\(failed.address) failed: \(failed.message)", false)
        } else if nodes.allSatisfy({ isDone($0.state) }) {
            finishAudit(at: index, "done in \(NumberFormat.duration(seconds: age))", true)
        } else if age * 1_000 >= Self.operationMilliseconds {
            let late = nodes.filter { !isDone($0.state) }.map { "\($0.address) is \($0.state.rawValue)" }
            finishAudit(at: index, "not done: \(late.joined(separator: ", "))", false)
        }
    }

    private mutating func follow(_ index: Int, _ shard: String, _ target: String, _ age: Int) {
        if (waiting ?? snapshot)?.status.shards.first(where: { $0.name == shard })?.runningLeader?.address == target {
            finishAudit(at: index, "done in \(NumberFormat.duration(seconds: age))", true)
        } else if age * 1_000 >= Self.switchoverMilliseconds {
            finishAudit(at: index, "not done: the leader is another", false)
        }
    }

    /// A hand-over is over, or given up, after a second; the status shows it another one later.
    private static let switchoverMilliseconds = 20_000
}
