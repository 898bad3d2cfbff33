import Terminal

/// One thing that somebody did through this console, and what became of it.
package struct AuditEntry: Hashable, Sendable {
    package enum Outcome: Hashable, Sendable { case underWay, good, bad }

    /// Entries kept; the log of the console has all of them.
    static let entriesMax = 500

    /// Wall clock, seconds since 1970, of the request.
    package var unixSeconds: Int
    /// The clock of snapshots at that moment, in milliseconds.
    var milliseconds: Int
    /// `user@host`.
    package var who: String
    /// What was asked for, in words: `stop 127.0.0.2:8080`.
    package var what: String
    package var outcome = Outcome.underWay
    /// What became of it, in words.
    package var result = "under way"
    /// What the entry waits for; the same request may be made again after it.
    var action: ConsoleAction

    init(unixSeconds: Int, milliseconds: Int, who: String, what: String, action: ConsoleAction) {
        self.unixSeconds = unixSeconds
        self.milliseconds = milliseconds
        self.who = who
        self.what = what
        self.action = action
    }

    /// As one line of a log.
    var line: String { "\(who): \(what): \(result)" }
}

extension ConsoleAction {
    /// What the action does to the cluster, for the audit; nil if it only looks.
    var auditText: String? {
        switch self {
        case .start(let addresses): return "start \(addresses.joined(separator: " "))"
        case .stop(let addresses): return "stop \(addresses.joined(separator: " "))"
        case .restart(let addresses): return "restart \(addresses.joined(separator: " "))"
        case .switchOver(let shard, let target): return "switchover \(shard) to \(target)"
        case .reshard(let command):
            switch command {
            case .start: return "reshard run"
            case .pause: return "reshard pause"
            case .resume: return "reshard resume"
            case .cancel: return "reshard cancel"
            case .limit(_, let rate): return "reshard rate \(rate.map { "\($0) B/s" } ?? "without a limit")"
            case .enter, .leave, .check, .rehearse: return nil
            }
        case .keys(let command):
            guard let key = command.key, command.isWrite else { return nil }
            let name = SafeText.truncated(KeyText.name(of: key, limit: 256), to: 64)
            switch command {
            case .put(_, let value, _): return "put \(name) (\(NumberFormat.bytes(value.count)))"
            case .delete: return "del \(name)"
            case .expire(_, let seconds): return "expire \(name) \(seconds.map { "\($0) s" } ?? "never")"
            case .page, .read: return nil
            }
        case .watchNode, .watchSlots, .useTheme, .copy, .useMouse, .redraw, .quit, .audit, .several: return nil
        }
    }
}
