import Model
import Server
import Terminal

/// Draws the graphs.
struct GraphRenderer: CanvasRenderer {
    let canvas: Canvas
    let graph: GraphState
    /// What the graphs are of.
    let row: RowID
    let shards: [ClusterStatus.Shard]
    let isPaused: Bool

    var title: String {
        let back = graph.shift > 0 ? "\(canvas.separator)\(NumberFormat.duration(seconds: graph.shift)) back" : ""
        let seconds = graph.settings.secondsPerStep
        let step = seconds > 1 ? "\(canvas.separator)\(seconds) s a step" : ""
        return "\(graph.kind.title)\(canvas.separator)\(graphedName)\(step)\(back)"
    }

    private var graphedName: String {
        switch row {
        case .cluster: "whole cluster"
        case .shard(let name), .node(let name): name
        }
    }

    /// - Parameter lines: those of the screen that the graphs have.
    func draw(_ lines: Range<Int>) {
        guard lines.count > 1 else { return }
        let plots = graph.plots(of: row, shards, width: max(0, grid.width - 4))
        let columns = GraphState.plotColumns(plots, screenWidth: grid.width)
        for (index, (plot, column)) in zip(plots, columns).enumerated() {
            let y = lines.lowerBound
            if plot.lines.isEmpty {
                canvas.put("no replicas here", y: y, style: theme[.textDim])
            } else {
                draw(plot, index, Rect(x: column.x, y: y, width: column.width, height: lines.count))
            }
        }
    }

    private func draw(_ plot: GraphPlot, _ index: Int, _ area: Rect) {
        let upper = Rect(x: area.x, y: area.y, width: area.width, height: area.height - 1)
        let set = graph.settings.set.drawable(with: glyphs)
        let (steps, values) = plot.values(of: graph, width: upper.width, set: set)
        let series = zip(plot.lines, values).enumerated().map { index, line in
            TimeGraph.Series(
                samples: line.1,
                style: theme[line.0.role],
                isFilled: !plot.hasMarks,
                mark: plot.hasMarks ? Self.mark(index) : nil
            )
        }
        let drawing = TimeGraph(
            series: series,
            scale: scale(of: plot, index, set: set, values: values),
            axisStyle: theme[.graphAxis],
            scaleStyle: theme[.graphScale],
            glyphs: glyphs,
            set: set
        )
        drawing.draw(into: &canvas.grid, upper)
        let axis = Rect(x: area.x, y: upper.endY, width: area.width, height: 1)
        let last = graph.lastSecond
        let newest = plot.lines.map { graph.history.samples(of: $0.row, last: last, count: 1).first ?? nil }
        drawTimeAxis(
            axis,
            seconds: steps * graph.settings.secondsPerStep,
            legend: legend(plot, newest: newest),
            hidden: plot.left
        )
    }

    /// The scale that the state keeps steady; for a screen other than the state's own, the one that fits.
    private func scale(of plot: GraphPlot, _ index: Int, set: GraphSet, values: [[Double?]]) -> GraphScale {
        graph.scales.scale(index, of: graph.subject(row, width: grid.width, set: set))
            ?? GraphScale(peak: TimeGraph.peak(of: values), floor: plot.floor)
    }

    /// `a`, `b`, … at the end of a line and before its name.
    private static func mark(_ index: Int) -> Unicode.Scalar { Unicode.Scalar(UInt8(ascii: "a") + UInt8(index % 26)) }

    /// A name with its newest value for each line; the mark tells lines apart where there are several.
    private func legend(_ plot: GraphPlot, newest: [Sample?]) -> [(String, Style)] {
        var parts: [(String, Style)] = []
        for (index, (line, sample)) in zip(plot.lines, newest).enumerated() {
            let mark = plot.hasMarks ? "\(Self.mark(index)) " : ""
            parts.append(("\(mark)\(line.name) \(sample.map(line.text) ?? "no data")", theme[line.role]))
        }
        return parts
    }

    /// `-66s      reads 900      now`, below the plot; as many parts of the legend as fit.
    private func drawTimeAxis(_ area: Rect, seconds: Int, legend: [(String, Style)], hidden: Int) {
        let start = area.x + TimeGraph.axisColumns
        let room = max(0, area.endX - start)
        let oldest = "-\(NumberFormat.duration(seconds: seconds + graph.shift))"
        let end =
            graph.shift > 0
            ? "-\(NumberFormat.duration(seconds: graph.shift))" : isPaused ? "paused" : "now"
        grid.put(oldest, x: start, y: area.y, style: theme[.graphScale], maxWidth: room)
        grid.put(end, x: max(start, area.endX - end.utf8.count), y: area.y, style: theme[.graphScale])
        let left = start + oldest.utf8.count + 1
        let right = area.endX - end.utf8.count - 1
        let parts = fitting(legend, hidden: hidden, width: right - left)
        let width = parts.reduce(0) { $0 + SafeText.width($1.0) }
        // In the middle of the plot, unless it needs the room beside the middle.
        var x = max(left, min(start + (room - width) / 2, right - width))
        for (text, style) in parts { x += grid.put(text, x: x, y: area.y, style: style, maxWidth: max(0, right - x)) }
    }

    /// As many parts as fit whole, with spaces between them, and how many more there are.
    private func fitting(_ legend: [(String, Style)], hidden: Int, width: Int) -> [(String, Style)] {
        for count in stride(from: legend.count, through: 0, by: -1) {
            var parts = Array(legend.prefix(count))
            let left = hidden + legend.count - count
            if left > 0 { parts.append(("+\(left)", theme[.graphScale])) }
            for index in parts.indices.dropFirst() { parts[index].0 = "  " + parts[index].0 }
            if parts.reduce(0, { $0 + SafeText.width($1.0) }) <= width { return parts }
        }
        return []
    }
}
