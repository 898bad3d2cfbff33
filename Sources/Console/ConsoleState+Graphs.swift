import Terminal

extension ConsoleState {
    mutating func zoomGraph(_ direction: Int) {
        let before = graph.secondsPerStep
        graph.zoom(direction)
        let step = "a step of the graph is \(NumberFormat.duration(seconds: graph.secondsPerStep))"
        say(graph.secondsPerStep == before ? "\(step), the \(direction > 0 ? "longest" : "shortest")" : step)
    }

    mutating func useGraphSet(_ argument: String) {
        let all = GraphSet.allCases
        if argument.isEmpty {
            let index = all.firstIndex(of: graph.set) ?? 0
            graph.set = all[(index + 1) % all.count]
        } else if let set = GraphSet(rawValue: argument) {
            graph.set = set
        } else {
            return say("no set \"\(argument)\"; there are \(all.map(\.rawValue).joined(separator: ", "))", .error)
        }
        chosenGraphSet = graph.set
        say("graphs are drawn in \(graph.set.rawValue)")
    }

    /// What the graphs on a screen of this width are of.
    func graphSubject(width: Int, set: GraphSet) -> GraphScales.Subject {
        GraphScales.Subject(
            kind: graphKind,
            row: graphed,
            secondsPerStep: graph.secondsPerStep,
            set: set,
            width: width
        )
    }

    /// Where the plots stand in the graph panel of a screen of this width, from its left edge.
    static func plotColumns(_ plots: [GraphPlot], screenWidth: Int) -> [Rect] {
        let area = Rect(x: 2, y: 0, width: max(0, screenWidth - 4), height: 1)
        return area.columns(plots.map { _ in .flexible() }, gap: 2)
    }

    /// Follows the peaks with the scales, whenever there is a new second or something else to show.
    mutating func settleGraphScales() {
        guard layout.graph.count > 1 else { return }
        let subject = graphSubject(width: width, set: graph.set)
        let last = graphSecond - graphShift
        guard !graphScales.isCurrent(subject, lastSecond: last) else { return }
        let plots = self.plots(width: max(0, width - 4))
        let columns = Self.plotColumns(plots, screenWidth: width)
        let peaks = zip(plots, columns).map { plot, column in
            let values = plot.values(of: self, width: column.width, set: graph.set).values
            return (peak: TimeGraph.peak(of: values), floor: plot.floor)
        }
        graphScales.update(subject, lastSecond: last, peaks: peaks)
    }
}
