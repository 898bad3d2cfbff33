import Server

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

/// What happened and what was done here: the events' view, and the panel below the table.
package struct EventsState: Sendable {
    /// Older events fall off: this is a window, the log is elsewhere.
    private static let eventsMax = 500

    /// Oldest first.
    package private(set) var newest: [ClusterEvent] = []
    /// Of all time; those that fell off are counted.
    package private(set) var received = 0
    package private(set) var audit = AuditLog()
    package private(set) var feed = FeedView()
    package private(set) var scope = EventsScope.all
    /// Events the panel is moved back by.
    var panelShift = 0

    mutating func receive(_ new: [ClusterEvent]) {
        newest.append(contentsOf: new)
        received += new.count
        if newest.count > Self.eventsMax { newest.removeFirst(newest.count - Self.eventsMax) }
        // Whoever reads older events keeps seeing them.
        if panelShift > 0 { panelShift += new.count }
        if scope != .audit { feed.keepPlace(new.count { feed.matches($0.text) }) }
    }

    /// Notes what is about to be done.
    mutating func note(_ actions: [ConsoleAction], who: String, _ clock: ConsoleClock) {
        feed.keepPlace(audit.note(actions, who: who, clock))
    }

    /// What was done has its result.
    mutating func finish(_ action: ConsoleAction, _ result: String, isGood: Bool) {
        audit.finish(action, result, isGood: isGood)
    }

    /// Looks what became of what was done; gives the lines that the log has still to get.
    mutating func follow(_ snapshot: ClusterSnapshot?, _ clock: ConsoleClock) -> [String] {
        audit.follow(snapshot, clock)
        return audit.takeLines()
    }

    /// What happened and what was done, oldest first, as far as scope and filter show it.
    var lines: [EventLine] {
        var lines: [EventLine] = []
        if scope != .audit { lines += newest.map(EventLine.event) }
        if scope != .events { lines += audit.entries.map(EventLine.audit) }
        let wanted = lines.filter { feed.matches($0.text) }
        // Those of the same second stay in the order they came in.
        return wanted.enumerated().sorted {
            ($0.element.unixSeconds, $0.offset) < ($1.element.unixSeconds, $1.offset)
        }
        .map(\.element)
    }

    mutating func move(_ movement: ConsoleCommand.Movement, _ context: ViewContext) {
        feed.move(movement, page: max(1, ViewLayout(height: context.height).body.count), count: lines.count)
    }

    mutating func back() -> [ViewEffect] { feed.back() ? [] : [.leave] }

    /// `/`
    mutating func find(_ text: String) { feed.find(text) }

    /// `v`: events, what was done here, or both.
    mutating func stepScope() {
        let all = EventsScope.allCases
        let index = all.firstIndex(of: scope) ?? 0
        scope = all[(index + 1) % all.count]
        feed.shift = 0
    }

    // MARK: The panel below the table

    /// - Parameter page: events that are seen at once.
    mutating func movePanel(_ movement: ConsoleCommand.Movement, page: Int) {
        let page = max(1, page)
        switch movement {
        case .up: panelShift += 1
        case .down: panelShift -= 1
        case .pageUp: panelShift += page
        case .pageDown: panelShift -= page
        case .top: panelShift = max(0, newest.count - page)
        case .bottom: panelShift = 0
        case .left, .right: break
        }
    }

    mutating func settle() { panelShift = min(max(0, panelShift), max(0, newest.count - 1)) }
}
