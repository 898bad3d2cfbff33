import Server
import Terminal

/// Draws events and audit: when, what kind, what; of what was done here also who and with which result.
struct EventsRenderer: CanvasRenderer {
    let canvas: Canvas
    let events: EventsState
    let cluster: String

    func draw() {
        let view = ViewLayout(height: grid.height)
        if let row = view.title {
            let scope = events.scope == .all ? "events and audit" : events.scope.rawValue
            canvas.divider(row, title: FeedTitle(canvas, cluster).text(scope, events.feed), isFocused: true)
        }
        let shown = events.feed.seen(of: events.lines, rows: view.body.count)
        let pen = EventLineRenderer(canvas: canvas)
        for (y, line) in zip(view.body, shown) {
            switch line {
            case .event(let event): pen.draw(event, y: y)
            case .audit(let entry): pen.draw(entry, y: y)
            }
        }
        if shown.isEmpty { canvas.put("nothing yet", y: view.body.lowerBound, style: theme[.textDim]) }
    }
}

/// The title above a feed: what it is of, and where in it one is.
struct FeedTitle {
    private let canvas: Canvas
    private let cluster: String

    init(_ canvas: Canvas, _ cluster: String) {
        self.canvas = canvas
        self.cluster = cluster
    }

    func text(_ name: String, _ feed: FeedView) -> String {
        var title = "\(cluster)\(canvas.crumb)\(name)"
        if !feed.filter.isEmpty { title += "\(canvas.separator)filter: \(feed.filter)" }
        return title + (feed.isFollowing ? "\(canvas.separator)follows" : "\(canvas.separator)\(feed.shift) back")
    }
}
