import Server
import Terminal

extension ConsoleRenderer {
    var eventsTitle: String {
        state.eventsShift > 0 ? "Events\(separator)\(state.eventsShift) back" : "Events"
    }

    /// What is under way first, then the newest events; the newest line is the lowest.
    mutating func drawEvents() {
        let lines = layout.events.count
        guard lines > 0 else { return }
        let progress = progressLines.prefix(state.eventsShift > 0 ? 0 : max(1, lines / 2))
        let room = lines - progress.count
        let end = max(0, state.events.count - state.eventsShift)
        let shown = state.events[max(0, end - room)..<end]
        var y = layout.events.lowerBound
        for event in shown {
            draw(event, y: y)
            y += 1
        }
        for text in progress {
            put("\(spinner) \(text)", y: y, style: theme[.stateSyncing])
            y += 1
        }
        if shown.isEmpty, progress.isEmpty, state.snapshot != nil {
            put("no events yet", y: layout.events.lowerBound, style: theme[.textDim])
        }
    }

    /// One line for each node that starts or syncs.
    private var progressLines: [String] {
        guard let status = state.snapshot?.status else { return [] }
        return status.shards.flatMap(\.nodes).filter(\.state.isInProgress).map { node in
            let message = node.message.isEmpty ? "" : ": \(node.message)"
            return "\(node.address) \(node.state.rawValue)\(message)"
        }
    }

    /// When something happened.
    func eventTime(_ unixSeconds: Int) -> String {
        let age = state.clock.unixSeconds - unixSeconds
        // The time of another day would be taken for one of this.
        if age >= 86_400 { return "-" + NumberFormat.duration(seconds: age) }
        return NumberFormat.timeOfDay(unixSeconds: unixSeconds, utcOffsetSeconds: state.clock.utcOffsetSeconds)
    }

    mutating func draw(_ event: ClusterEvent, y: Int) {
        let (sign, style) = look(event.severity)
        put(eventTime(event.unixSeconds), y: y, style: theme[.textDim])
        put(sign, x: 11, y: y, style: style)
        put(event.text, x: 13, y: y, style: style)
    }

    private func look(_ severity: ClusterEvent.Severity) -> (String, Style) {
        switch severity {
        case .info: (" ", theme[.eventInfo])
        case .success: (String(glyphs.bullet), theme[.good])
        case .warning: ("!", theme[.eventWarning])
        case .error: ("x", theme[.eventError])
        }
    }
}
