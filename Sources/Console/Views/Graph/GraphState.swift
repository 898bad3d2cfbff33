import Model
import Server
import Terminal

/// What the graphs show: which values, of which time, and how.
package struct GraphState: Sendable {
    /// Steps the graph moves at a key: few against those on the screen.
    private static let stepsMoved = 10

    package internal(set) var kind = GraphKind.requests
    package internal(set) var settings: GraphSettings
    /// The set of glyphs that was chosen; nil: the one that suits the terminal.
    package internal(set) var chosenSet: GraphSet?
    var history = SampleHistory()
    var scales = GraphScales()
    /// Seconds it is moved back in time.
    var shift = 0
    /// The newest second while paused; nil while running.
    private var pausedAt: Int?

    init(set: GraphSet) { settings = GraphSettings(set: set) }

    /// The newest second that is shown.
    var lastSecond: Int { (pausedAt ?? history.newestSecond ?? 0) - shift }

    /// Stands still from now on, or goes on.
    mutating func pause(_ isPaused: Bool) { pausedAt = isPaused ? history.newestSecond : nil }

    /// As it was left the last time, as far as that is known.
    mutating func restore(_ kind: GraphKind?, set: GraphSet?, secondsPerStep: Int?) {
        chosenSet = set
        if let set { settings.set = set }
        if let kind { self.kind = kind }
        if let secondsPerStep { settings.zoom(to: secondsPerStep) }
    }

    /// `:graph KIND`; without one, the next.
    mutating func show(_ argument: String) -> [ViewEffect] {
        guard !argument.isEmpty else {
            kind = kind.stepped(1)
            return []
        }
        guard let named = GraphKind(rawValue: argument) else {
            let known = GraphKind.allCases.map(\.rawValue).joined(separator: ", ")
            return [.say("no graph \"\(argument)\"; there are \(known)", .error)]
        }
        kind = named
        return []
    }

    mutating func zoom(_ direction: Int) -> [ViewEffect] {
        let before = settings.secondsPerStep
        settings.zoom(direction)
        let step = "a step of the graph is \(NumberFormat.duration(seconds: settings.secondsPerStep))"
        let isSame = settings.secondsPerStep == before
        return [.say(isSame ? "\(step), the \(direction > 0 ? "longest" : "shortest")" : step)]
    }

    /// `:graph-set SET`; without one, the next.
    mutating func use(set argument: String) -> [ViewEffect] {
        let all = GraphSet.allCases
        if argument.isEmpty {
            let index = all.firstIndex(of: settings.set) ?? 0
            settings.set = all[(index + 1) % all.count]
        } else if let set = GraphSet(rawValue: argument) {
            settings.set = set
        } else {
            return [.say("no set \"\(argument)\"; there are \(all.map(\.rawValue).joined(separator: ", "))", .error)]
        }
        chosenSet = settings.set
        return [.say("graphs are drawn in \(settings.set.rawValue)")]
    }

    /// Left and right: back in time (`1`), or forward.
    mutating func move(_ direction: Int, steps: Int = stepsMoved) {
        shift += direction * steps * settings.secondsPerStep
    }

    /// What the graphs on a screen of this width are of.
    func subject(_ row: RowID, width: Int, set: GraphSet) -> GraphScales.Subject {
        GraphScales.Subject(kind: kind, row: row, secondsPerStep: settings.secondsPerStep, set: set, width: width)
    }

    /// Where the plots stand in the graph panel of a screen of this width, from its left edge.
    static func plotColumns(_ plots: [GraphPlot], screenWidth: Int) -> [Rect] {
        let area = Rect(x: 2, y: 0, width: max(0, screenWidth - 4), height: 1)
        return area.columns(plots.map { _ in .flexible() }, gap: 2)
    }

    /// The plots of the graph panel, left to right, for so many columns.
    func plots(of row: RowID, _ shards: [ClusterStatus.Shard], width: Int) -> [GraphPlot] {
        switch kind {
        case .requests: GraphPlot.requests(of: row, width: width)
        case .latency: GraphPlot.latency(of: row, width: width)
        case .lag: GraphPlot.lag(of: Self.lagging(row, shards))
        }
    }

    /// What has a lag: a replica itself, the replicas of a shard or of a leader, the shards of a cluster.
    private static func lagging(_ row: RowID, _ shards: [ClusterStatus.Shard]) -> [(name: String, id: RowID)] {
        func replicas(_ shard: ClusterStatus.Shard?) -> [(name: String, id: RowID)] {
            (shard?.nodes ?? []).filter { $0.role == .replica }.map { ($0.address, .node($0.address)) }
        }
        switch row {
        case .cluster:
            let replicated = shards.filter { $0.nodes.contains { $0.role == .replica } }
            // Where not all have a line, those that are furthest behind do.
            let shown = replicated.count > GraphPlot.linesMax ? TableSort(column: .lag).sorted(replicated) : replicated
            return shown.map { ($0.name, .shard($0.name)) }
        case .shard(let name): return replicas(shards.first { $0.name == name })
        case .node(let address):
            let shard = shards.first { $0.nodes.contains { $0.address == address } }
            let all = replicas(shard)
            return all.contains { $0.id == row } ? [(address, row)] : all
        }
    }

    /// Stays within what is known, and follows the peaks with the scales, whenever there is a new second or something else
    /// to show.
    /// - Parameter lines: those that the graphs have on the screen.
    mutating func settle(_ row: RowID, lines: Int, _ context: ViewContext) {
        shift = min(max(0, shift), SampleHistory.capacity - 1)
        guard lines > 1 else { return }
        let subject = subject(row, width: context.width, set: settings.set)
        guard !scales.isCurrent(subject, lastSecond: lastSecond) else { return }
        let plots = self.plots(of: row, context.shards, width: max(0, context.width - 4))
        let columns = Self.plotColumns(plots, screenWidth: context.width)
        let peaks = zip(plots, columns).map { plot, column in
            let values = plot.values(of: self, width: column.width, set: settings.set).values
            return (peak: TimeGraph.peak(of: values), floor: plot.floor)
        }
        scales.update(subject, lastSecond: lastSecond, peaks: peaks)
    }
}
