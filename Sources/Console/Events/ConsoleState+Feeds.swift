import Server
import Terminal

/// A line of the events' view.
enum EventLine: Hashable, Sendable {
    case event(ClusterEvent)
    case audit(AuditEntry)

    var unixSeconds: Int {
        switch self {
        case .event(let event): event.unixSeconds
        case .audit(let entry): entry.unixSeconds
        }
    }

    var text: String {
        switch self {
        case .event(let event): event.text
        case .audit(let entry): entry.line
        }
    }
}

extension ConsoleState {
    /// What happened and what was done, oldest first, as far as scope and filter show it.
    var eventLines: [EventLine] {
        var lines: [EventLine] = []
        if eventsScope != .audit { lines += events.map(EventLine.event) }
        if eventsScope != .events { lines += audit.map(EventLine.audit) }
        let isWanted = lines.filter { eventsView.matches($0.text) }
        // Those of the same second stay in the order they came in.
        return isWanted.enumerated().sorted {
            ($0.element.unixSeconds, $0.offset) < ($1.element.unixSeconds, $1.offset)
        }
        .map(\.element)
    }

    /// What the nodes in this process logged, as far as level and filter show it.
    var logLines: [LogLine] { logs.filter { $0.level >= logLevel && logsView.matches($0.text) } }

    /// Lines that a feed has room for.
    var feedRows: Int {
        max(1, ViewLayout(height: height).body.count - (view == .logs && !headlessNodes.isEmpty ? 1 : 0))
    }

    /// Nodes that log elsewhere.
    var headlessNodes: [String] {
        guard let snapshot else { return [] }
        return snapshot.status.shards.flatMap(\.nodes).map(\.address).filter { !snapshot.embedded.contains($0) }
    }

    mutating func moveInFeed(_ movement: ConsoleCommand.Movement) {
        let page = feedRows
        if view == .logs {
            logsView.move(movement, page: page, count: logLines.count)
        } else {
            eventsView.move(movement, page: page, count: eventLines.count)
        }
    }

    mutating func backFromFeed() {
        let isBack = view == .logs ? logsView.back() : eventsView.back()
        if !isBack { leave() }
    }

    /// `/` in the events and the logs.
    mutating func findInFeed(_ text: String) {
        if view == .logs {
            logsView.filter = text
            logsView.shift = 0
        } else {
            eventsView.filter = text
            eventsView.shift = 0
        }
    }

    /// `v`: events, what was done here, or both.
    mutating func stepEventsScope() {
        let all = EventsScope.allCases
        let index = all.firstIndex(of: eventsScope) ?? 0
        eventsScope = all[(index + 1) % all.count]
        eventsView.shift = 0
    }

    /// `v` in the logs, `:level LEVEL`.
    mutating func showLevel(_ argument: String) {
        let all = LogLine.Level.allCases
        if argument.isEmpty {
            let index = all.firstIndex(of: logLevel) ?? 0
            logLevel = all[(index + 1) % all.count]
        } else if let level = all.first(where: { $0.name == argument }) {
            logLevel = level
        } else {
            return say("no level \"\(argument)\"; there are \(all.map(\.name).joined(separator: ", "))", .error)
        }
        logsView.shift = 0
    }

    mutating func receive(_ lines: [LogLine]) {
        guard !lines.isEmpty else { return }
        logs += lines
        if logs.count > LogBook.linesMax { logs.removeFirst(logs.count - LogBook.linesMax) }
        logsView.keepPlace(lines.count { $0.level >= logLevel && logsView.matches($0.text) })
    }
}
