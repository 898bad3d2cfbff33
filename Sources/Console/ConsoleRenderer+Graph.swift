import Server
import Terminal

extension ConsoleRenderer {
    /// Below this width, reads and writes share one graph.
    private static let splitWidth = 76
    /// Noise of a few requests must not fill the graph.
    private static let scaleFloor = 10.0

    /// What the graph is about: what is selected, or open.
    private var graphed: RowID { state.detail ?? state.selection }

    var graphTitle: String {
        let back = state.graphShift > 0 ? "\(separator)\(NumberFormat.duration(seconds: state.graphShift)) back" : ""
        return "Requests per second\(separator)\(graphedName)\(back)"
    }

    private var graphedName: String {
        switch graphed {
        case .cluster: "whole cluster"
        case .shard(let name), .node(let name): name
        }
    }

    mutating func drawGraph() {
        guard layout.graph.count > 1 else { return }
        let area = Rect(x: 2, y: layout.graph.lowerBound, width: max(0, inner - 2), height: layout.graph.count)
        if area.width + 4 < Self.splitWidth {
            drawGraph(area, label: "reads, writes", [(\.read, .graphRead), (\.write, .graphWrite)])
        } else {
            let halves = area.columns([.flexible(), .flexible()], gap: 2)
            drawGraph(halves[0], label: "reads", [(\.read, .graphRead)])
            drawGraph(halves[1], label: "writes", [(\.write, .graphWrite)])
        }
    }

    private mutating func drawGraph(
        _ area: Rect,
        label: String,
        _ parts: [(KeyPath<NodeStatus.Rates, Int>, ThemeRole)]
    ) {
        let plot = Rect(x: area.x, y: area.y, width: area.width, height: area.height - 1)
        let count = BrailleGraph.samplesShown(width: plot.width, glyphs: glyphs)
        let samples = state.history.samples(of: graphed, last: state.graphSecond - state.graphShift, count: count)
        let series = parts.map { path, role in
            BrailleGraph.Series(
                samples: samples.map { $0.map { Double($0[keyPath: path]) } },
                style: theme[role],
                isFilled: parts.count == 1
            )
        }
        let peak = BrailleGraph.peak(of: series, width: plot.width, glyphs: glyphs)
        let graph = BrailleGraph(
            series: series,
            scale: GraphScale(peak: peak, floor: Self.scaleFloor),
            axisStyle: theme[.graphAxis],
            scaleStyle: theme[.graphScale],
            glyphs: glyphs
        )
        graph.draw(into: &grid, plot)
        let axis = Rect(x: area.x, y: plot.endY, width: area.width, height: 1)
        drawTimeAxis(axis, seconds: count, label: label, newest: samples.last ?? nil, parts)
    }

    /// `-66s      reads 900/s      now`, below the plot.
    private mutating func drawTimeAxis(
        _ area: Rect,
        seconds: Int,
        label: String,
        newest: NodeStatus.Rates?,
        _ parts: [(KeyPath<NodeStatus.Rates, Int>, ThemeRole)]
    ) {
        let start = area.x + BrailleGraph.axisColumns
        let room = max(0, area.endX - start)
        let oldest = "-\(NumberFormat.duration(seconds: seconds + state.graphShift))"
        let end =
            state.graphShift > 0
            ? "-\(NumberFormat.duration(seconds: state.graphShift))" : state.isPaused ? "paused" : "now"
        grid.put(oldest, x: start, y: area.y, style: theme[.graphScale], maxWidth: room)
        grid.put(end, x: max(start, area.endX - end.utf8.count), y: area.y, style: theme[.graphScale])
        var labels: [(String, Style)] = []
        for (name, part) in zip(label.split(separator: ","), parts) {
            let value = newest.map { NumberFormat.short($0[keyPath: part.0]) } ?? "no data"
            labels.append(("\(labels.isEmpty ? "" : " ")\(name.drop { $0 == " " }) \(value)", theme[part.1]))
        }
        let width = labels.reduce(0) { $0 + SafeText.width($1.0) }
        var x = start + (room - width) / 2
        guard x > start + oldest.utf8.count, x + width < area.endX - end.utf8.count else { return }
        for (text, style) in labels { x += grid.put(text, x: x, y: area.y, style: style) }
    }
}
