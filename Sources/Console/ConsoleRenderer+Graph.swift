import Server
import Terminal

extension ConsoleRenderer {
    var graphTitle: String {
        let back = state.graphShift > 0 ? "\(separator)\(NumberFormat.duration(seconds: state.graphShift)) back" : ""
        return "\(state.graphKind.title)\(separator)\(graphedName)\(back)"
    }

    private var graphedName: String {
        switch state.graphed {
        case .cluster: "whole cluster"
        case .shard(let name), .node(let name): name
        }
    }

    mutating func drawGraph() {
        guard layout.graph.count > 1 else { return }
        let area = Rect(x: 2, y: layout.graph.lowerBound, width: max(0, inner - 2), height: layout.graph.count)
        let plots = state.plots(width: area.width)
        let parts = area.columns(plots.map { _ in .flexible() }, gap: 2)
        for (plot, part) in zip(plots, parts) {
            if plot.lines.isEmpty {
                put("no replicas here", y: area.y, style: theme[.textDim])
            } else {
                draw(plot, part)
            }
        }
    }

    private mutating func draw(_ plot: GraphPlot, _ area: Rect) {
        let upper = Rect(x: area.x, y: area.y, width: area.width, height: area.height - 1)
        let hasMarks = plot.lines.count > 1
        let count = BrailleGraph.samplesShown(width: upper.width, glyphs: glyphs, hasMarks: hasMarks)
        let last = state.graphSecond - state.graphShift
        let samples = plot.lines.map { state.history.samples(of: $0.row, last: last, count: count) }
        let series = zip(plot.lines, samples).enumerated().map { index, line in
            BrailleGraph.Series(
                samples: line.1.map { $0.flatMap(line.0.value) },
                style: theme[line.0.role],
                isFilled: !hasMarks,
                mark: hasMarks ? Self.mark(index) : nil
            )
        }
        let peak = BrailleGraph.peak(of: series, width: upper.width, glyphs: glyphs)
        let graph = BrailleGraph(
            series: series,
            scale: GraphScale(peak: peak, floor: plot.floor),
            axisStyle: theme[.graphAxis],
            scaleStyle: theme[.graphScale],
            glyphs: glyphs
        )
        graph.draw(into: &grid, upper)
        let axis = Rect(x: area.x, y: upper.endY, width: area.width, height: 1)
        drawTimeAxis(
            axis,
            seconds: count,
            legend: legend(plot, newest: samples.map { $0.last ?? nil }),
            hidden: plot.left
        )
    }

    /// `a`, `b`, … at the end of a line and before its name.
    private static func mark(_ index: Int) -> Unicode.Scalar { Unicode.Scalar(UInt8(ascii: "a") + UInt8(index % 26)) }

    /// A name with its newest figure for each line; the mark tells lines apart where there are several.
    private func legend(_ plot: GraphPlot, newest: [Sample?]) -> [(String, Style)] {
        var parts: [(String, Style)] = []
        for (index, (line, sample)) in zip(plot.lines, newest).enumerated() {
            let mark = plot.lines.count > 1 ? "\(Self.mark(index)) " : ""
            parts.append(("\(mark)\(line.name) \(sample.map(line.text) ?? "no data")", theme[line.role]))
        }
        return parts
    }

    /// `-66s      reads 900      now`, below the plot; as many parts of the legend as fit.
    private mutating func drawTimeAxis(_ area: Rect, seconds: Int, legend: [(String, Style)], hidden: Int) {
        let start = area.x + BrailleGraph.axisColumns
        let room = max(0, area.endX - start)
        let oldest = "-\(NumberFormat.duration(seconds: seconds + state.graphShift))"
        let end =
            state.graphShift > 0
            ? "-\(NumberFormat.duration(seconds: state.graphShift))" : state.isPaused ? "paused" : "now"
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
