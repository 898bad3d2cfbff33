import Model
import Terminal

/// What the graph panel is about.
package enum GraphKind: String, CaseIterable, Sendable {
    case requests, lag, latency

    var title: String {
        switch self {
        case .requests: "Requests per second"
        case .lag: "Lag in ms"
        case .latency: "Latency in ms"
        }
    }

    /// Steps to the next (`1`) or previous (`-1`) kind, around the end.
    func stepped(_ direction: Int) -> GraphKind {
        let all = Self.allCases
        let index = all.firstIndex(of: self) ?? 0
        return all[(index + direction + all.count) % all.count]
    }
}

/// One plot of the graph panel: which values of which rows, and how they are told.
struct GraphPlot: Sendable {
    struct Line: Sendable {
        var name: String
        var row: RowID
        var role: ThemeRole
        /// What becomes of several seconds in one step of the graph.
        var combination = SampleHistory.Combination.largest
        /// The value of a sample; nil is a gap.
        var value: @Sendable (Sample) -> Double?
        /// The value as the legend says it.
        var text: @Sendable (Sample) -> String
    }

    var lines: [Line]
    /// The least that the axis spans, so that noise near zero stays near the bottom.
    var floor: Double
    /// Lines that have no place; the legend says how many.
    var left = 0

    /// Beyond this, lines are no longer told apart.
    static let linesMax = 6

    /// Above the smallest lag that is ever shown (300 ms): a healthy shard is a line along the bottom.
    private static let lagFloor = 500.0
    private static let requestsFloor = 10.0
    private static let latencyFloor = 1.0

    /// Below this many columns, what could stand in two plots shares one.
    private static let splitWidth = 72
    /// From here on, a plot of half the width has room for the names of two lines.
    private static let pairWidth = 94

    static func requests(of row: RowID, width: Int) -> [GraphPlot] {
        let reads = Line(
            name: "reads",
            row: row,
            role: .graphRead,
            combination: .mean,
            value: { Double($0.rates.read) },
            text: { NumberFormat.short($0.rates.read) }
        )
        let writes = Line(
            name: "writes",
            row: row,
            role: .graphWrite,
            combination: .mean,
            value: { Double($0.rates.write) },
            text: { NumberFormat.short($0.rates.write) }
        )
        let plots = width < splitWidth ? [[reads, writes]] : [[reads], [writes]]
        return plots.map { GraphPlot(lines: $0, floor: requestsFloor) }
    }

    static func latency(of row: RowID, width: Int) -> [GraphPlot] {
        func line(_ name: String, _ role: ThemeRole, _ value: @escaping @Sendable (Sample) -> Int) -> Line {
            Line(
                name: name,
                row: row,
                role: role,
                value: { Double(value($0)) / 1_000 },
                text: { NumberFormat.milliseconds(micros: value($0)) }
            )
        }
        let reads = line("reads p99", .graphRead) { $0.latency.read.p99 }
        let writes = line("writes p99", .graphWrite) { $0.latency.write.p99 }
        var plots = width < splitWidth ? [[reads, writes]] : [[reads], [writes]]
        if width >= pairWidth {
            plots[0].append(line("p50", .textDim) { $0.latency.read.p50 })
            plots[1].append(line("p50", .textDim) { $0.latency.write.p50 })
        }
        return plots.map { GraphPlot(lines: $0, floor: latencyFloor) }
    }

    /// A line for each of the rows.
    static func lag(of rows: [(name: String, id: RowID)]) -> [GraphPlot] {
        let lines = rows.prefix(linesMax).enumerated().map { index, row in
            Line(
                name: row.name,
                row: row.id,
                role: .series(index),
                value: { $0.lagMilliseconds.map(Double.init) },
                text: { $0.lagMilliseconds.map { "\(NumberFormat.short($0)) ms" } ?? "no lag" }
            )
        }
        return [GraphPlot(lines: lines, floor: lagFloor, left: rows.count - lines.count)]
    }
}

extension GraphPlot {
    /// Lines stand side by side and need marks, instead of being filled.
    var hasMarks: Bool { lines.count > 1 }

    /// The values of each line, and how many steps fit in so many columns.
    func values(of graph: GraphState, width: Int, set: GraphSet) -> (steps: Int, values: [[Double?]]) {
        let steps = TimeGraph.samplesShown(width: width, set: set, hasMarks: hasMarks)
        let values = lines.map {
            graph.history.values(
                of: $0.row,
                last: graph.lastSecond,
                count: steps,
                secondsPerStep: graph.settings.secondsPerStep,
                by: $0.combination,
                $0.value
            )
        }
        return (steps, values)
    }
}
