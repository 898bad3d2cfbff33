import Model
import Server
import Terminal

/// Draws the newest events below the table.
struct EventsPanelRenderer: CanvasRenderer {
    let canvas: Canvas
    let events: [ClusterEvent]
    /// Events that the panel is moved back by.
    let shift: Int
    /// nil: nothing is known of the cluster yet.
    let status: ClusterStatus?

    var title: String { shift > 0 ? "Events\(canvas.separator)\(shift) back" : "Events" }

    /// What is under way first, then the newest events; the newest line is the lowest.
    func draw(_ area: Range<Int>) {
        let lines = area.count
        guard lines > 0 else { return }
        let progress = progressLines.prefix(shift > 0 ? 0 : max(1, lines / 2))
        let room = lines - progress.count
        let end = max(0, events.count - shift)
        let shown = events[max(0, end - room)..<end]
        var y = area.lowerBound
        for event in shown {
            EventLineRenderer(canvas: canvas).draw(event, y: y)
            y += 1
        }
        for text in progress {
            canvas.put("\(canvas.spinner) \(text)", y: y, style: theme[.stateSyncing])
            y += 1
        }
        if shown.isEmpty, progress.isEmpty, status != nil {
            canvas.put("no events yet", y: area.lowerBound, style: theme[.textDim])
        }
    }

    /// One line for each node that starts or syncs.
    private var progressLines: [String] {
        guard let status else { return [] }
        return status.shards.flatMap(\.nodes).filter(\.state.isInProgress).map { node in
            let message = node.message.isEmpty ? "" : ": \(node.message)"
            return "\(node.address) \(node.state.rawValue)\(message)"
        }
    }
}
