import Server
import Terminal

extension ConsoleRenderer {
    /// Events and audit: when, what kind, what; of what was done here also who and with which result.
    mutating func drawEventsView() {
        let view = ViewLayout(height: grid.height)
        drawInformation(view.information)
        let lines = state.eventLines
        if let row = view.title {
            let scope = state.eventsScope == .all ? "events and audit" : state.eventsScope.rawValue
            drawDivider(row, title: feedTitle(scope, state.eventsView), isFocused: true)
        }
        let shown = feed(lines, state.eventsView, rows: view.body.count)
        for (y, line) in zip(view.body, shown) {
            switch line {
            case .event(let event): draw(event, y: y)
            case .audit(let entry): draw(entry, y: y)
            }
        }
        if shown.isEmpty { put("nothing yet", y: view.body.lowerBound, style: theme[.textDim]) }
    }

    private func feedTitle(_ name: String, _ feed: FeedView) -> String {
        var title = "\(state.snapshot?.status.cluster ?? "cluster")\(crumb)\(name)"
        if !feed.filter.isEmpty { title += "\(separator)filter: \(feed.filter)" }
        return title + (feed.isFollowing ? "\(separator)follows" : "\(separator)\(feed.shift) back")
    }

    /// The lines that are seen, the newest lowest.
    private func feed<Line>(_ lines: [Line], _ feed: FeedView, rows: Int) -> ArraySlice<Line> {
        let end = max(min(rows, lines.count), lines.count - feed.shift)
        return lines[max(0, end - rows)..<end]
    }

    private mutating func draw(_ entry: AuditEntry, y: Int) {
        let (sign, role): (String, ThemeRole) =
            switch entry.outcome {
            case .underWay: (spinner, .stateSyncing)
            case .good: (String(glyphs.bullet), .good)
            case .bad: ("x", .bad)
            }
        put(eventTime(entry.unixSeconds), y: y, style: theme[.textDim])
        put(sign, x: 11, y: y, style: theme[role])
        var x = 13
        for (text, style) in [
            ("\(entry.who) ", theme[.textDim]), (entry.what, theme[.textStrong]), (": \(entry.result)", theme[role]),
        ] {
            put(text, x: x, y: y, style: style)
            x += SafeText.width(text)
        }
    }

    /// What the nodes in this process log; of the others, where their log is.
    mutating func drawLogsView() {
        let view = ViewLayout(height: grid.height)
        drawInformation(view.information)
        if let row = view.title {
            let level = state.logLevel == .debug ? "all levels" : "\(state.logLevel.name) and worse"
            drawDivider(row, title: feedTitle("logs\(separator)\(level)", state.logsView), isFocused: true)
        }
        var body = view.body
        let headless = state.headlessNodes
        if let first = headless.first, body.count > 1 {
            let others = headless.count > 1 ? " and \(NumberFormat.counted(headless.count - 1, "other"))" : ""
            let run = headless.count > 1 ? "run on their own: their logs are their" : "runs on its own: its log is its"
            let text = "\(first)\(others) \(run) standard output"
            // Where there is nothing else to see, all of it.
            let lines = state.logLines.isEmpty ? Self.wrapped(text, width: inner - 2) : [text]
            for line in lines.prefix(body.count - 1) {
                put(line, y: body.lowerBound, style: theme[.textDim])
                body = body.dropFirst()
            }
        }
        let shown = feed(state.logLines, state.logsView, rows: body.count)
        for (y, line) in zip(body, shown) { draw(line, y: y) }
        guard shown.isEmpty, let y = body.first else { return }
        let isQuiet = state.snapshot?.embedded.isEmpty == false || !state.logs.isEmpty
        put(isQuiet ? "nothing logged at this level" : "no node runs in this console", y: y, style: theme[.textDim])
    }

    private mutating func draw(_ line: LogLine, y: Int) {
        let style: Style =
            switch line.level {
            case .debug: theme[.textDim]
            case .info, .notice: theme[.eventInfo]
            case .warning: theme[.eventWarning]
            case .error: theme[.eventError]
            }
        put(eventTime(line.unixSeconds), y: y, style: theme[.textDim])
        put(line.level.name, x: 11, y: y, style: style)
        put(line.text, x: 19, y: y, style: style)
    }
}
