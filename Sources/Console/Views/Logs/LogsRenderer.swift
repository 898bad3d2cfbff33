import Server
import Terminal

/// Draws what the nodes in this process log; of the others, where their log is.
struct LogsRenderer: CanvasRenderer {
    let canvas: Canvas
    let logs: LogsState
    /// nil: nothing is known of the cluster yet.
    let snapshot: ClusterSnapshot?
    let cluster: String

    func draw() {
        let view = ViewLayout(height: grid.height)
        if let row = view.title {
            let level = logs.level == .debug ? "all levels" : "\(logs.level.name) and worse"
            let name = "logs\(canvas.separator)\(level)"
            canvas.divider(row, title: FeedTitle(canvas, cluster).text(name, logs.feed), isFocused: true)
        }
        let lines = logs.shownLines
        let body = drawOthers(in: view.body, areAlone: lines.isEmpty)
        let shown = logs.feed.seen(of: lines, rows: body.count)
        for (y, line) in zip(body, shown) { draw(line, y: y) }
        guard shown.isEmpty, let y = body.first else { return }
        let isQuiet = snapshot?.embedded.isEmpty == false || !logs.lines.isEmpty
        let text = isQuiet ? "nothing logged at this level" : "no node runs in this console"
        canvas.put(text, y: y, style: theme[.textDim])
    }

    /// Where the log of nodes outside is; gives back the lines that are left.
    private func drawOthers(in body: Range<Int>, areAlone: Bool) -> Range<Int> {
        let headless = snapshot?.headless ?? []
        guard let first = headless.first, body.count > 1 else { return body }
        let others = headless.count > 1 ? " and \(NumberFormat.counted(headless.count - 1, "other"))" : ""
        let run = headless.count > 1 ? "run on their own: their logs are their" : "runs on its own: its log is its"
        let text = "\(first)\(others) \(run) standard output"
        var body = body
        // Where there is nothing else to see, all of it.
        let lines = areAlone ? Canvas.wrapped(text, width: canvas.inner - 2) : [text]
        for line in lines.prefix(body.count - 1) {
            canvas.put(line, y: body.lowerBound, style: theme[.textDim])
            body = body.dropFirst()
        }
        return body
    }

    private func draw(_ line: LogLine, y: Int) {
        let style: Style =
            switch line.level {
            case .debug: theme[.textDim]
            case .info, .notice: theme[.eventInfo]
            case .warning: theme[.eventWarning]
            case .error: theme[.eventError]
            }
        canvas.put(canvas.time(line.unixSeconds), y: y, style: theme[.textDim])
        canvas.put(line.level.name, x: 11, y: y, style: style)
        canvas.put(line.text, x: 19, y: y, style: style)
    }
}
