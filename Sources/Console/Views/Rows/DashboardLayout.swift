/// Which lines of the screen belong to what. Pure arithmetic, the same for drawing and for scrolling.
package struct DashboardLayout: Hashable, Sendable {
    /// Below this the screen only says so.
    package static let minimumWidth = 40
    package static let minimumHeight = 10

    package var width: Int
    package var height: Int
    /// Lines of numbers below the top line.
    package var information: Range<Int>
    /// The divider with the table's title; nil where there is no room for it.
    package var tableTitle: Int?
    package var tableHeader: Int
    package var tableRows: Range<Int>
    package var graphTitle: Int?
    package var graph: Range<Int>
    package var eventsTitle: Int?
    package var events: Range<Int>
    /// The last line: hints, the command line or the filter.
    package var bottom: Int

    package static func fits(width: Int, height: Int) -> Bool { width >= minimumWidth && height >= minimumHeight }

    /// `rows` is how many the table would like to show.
    package init(width: Int, height: Int, rows: Int) {
        self.width = width
        self.height = height
        bottom = max(0, height - 1)
        let isRoomy = height >= 14
        let eventLines = height < 20 ? 1 : height < 30 ? 2 : height < 45 ? 5 : 8
        let hasEventsTitle = height >= 20
        information = 1..<min(max(1, height), isRoomy ? 3 : 2)
        var next = information.upperBound
        if isRoomy {
            tableTitle = next
            next += 1
        }
        tableHeader = next
        next += 1
        let below = eventLines + (hasEventsTitle ? 1 : 0)
        let body = max(0, bottom - next - below)
        let graphLines = Self.graphLines(body: body, rows: rows, isRoomy: isRoomy)
        let tableLines = graphLines == 0 ? body : body - graphLines - 1
        tableRows = next..<(next + max(0, tableLines))
        next = tableRows.upperBound
        if graphLines > 0 {
            graphTitle = next
            next += 1
        }
        graph = next..<(next + graphLines)
        next = graph.upperBound
        if hasEventsTitle {
            eventsTitle = next
            next += 1
        }
        events = next..<max(next, min(bottom, next + eventLines))
        growEvents(rows: rows)
    }

    /// The graph takes what the table leaves, at least four lines and at most a third of the screen and 16.
    private static func graphLines(body: Int, rows: Int, isRoomy: Bool) -> Int {
        let smallest = 4
        guard isRoomy, body >= smallest + 1 + 4 else { return 0 }
        let left = body - 1 - min(rows, body - 1 - smallest)
        return min(max(smallest, left), 16, max(smallest, body / 2))
    }

    /// On a tall screen with few rows, the lines that the table doesn't fill go to the events.
    private mutating func growEvents(rows: Int) {
        let unused = tableRows.count - rows - 1
        guard unused > 0, eventsTitle != nil, !graph.isEmpty else { return }
        tableRows = tableRows.lowerBound..<(tableRows.upperBound - unused)
        graphTitle = graphTitle.map { $0 - unused }
        graph = (graph.lowerBound - unused)..<(graph.upperBound - unused)
        eventsTitle = eventsTitle.map { $0 - unused }
        events = (events.lowerBound - unused)..<events.upperBound
    }

    /// Whether a panel has room.
    func shows(_ panel: ConsolePanel) -> Bool {
        switch panel {
        case .table: true
        case .graph: !graph.isEmpty
        case .events: eventsTitle != nil
        }
    }

    /// The first row to show so that `selected` is visible, as near as possible to `top`.
    package static func scrolled(top: Int, selected: Int, visible: Int, total: Int) -> Int {
        guard visible > 0 else { return max(0, selected) }
        let highest = max(0, total - visible)
        return min(max(min(top, selected), selected - visible + 1, 0), highest)
    }
}
