import Terminal

/// What the console remembers from one time to the next. What is nil was never chosen, or could not be read.
package struct ConsoleSettings: Hashable, Sendable {
    package var theme: String?
    package var graphSet: GraphSet?
    package var sort: TableSort?
    package var refreshMilliseconds: Int?
    package var isMouseOn: Bool?
    /// The panel with the keyboard, the kind of graph and the seconds of a step of it.
    package var panel: ConsolePanel?
    package var graph: GraphKind?
    package var secondsPerStep: Int?
    /// Lines typed after `:`, oldest first, without values.
    package var history: [String]
    /// Lines of the file that this version doesn't know, kept for the one that does.
    package var unknown: [String]

    package init(
        theme: String? = nil,
        graphSet: GraphSet? = nil,
        sort: TableSort? = nil,
        refreshMilliseconds: Int? = nil,
        isMouseOn: Bool? = nil,
        panel: ConsolePanel? = nil,
        graph: GraphKind? = nil,
        secondsPerStep: Int? = nil,
        history: [String] = [],
        unknown: [String] = []
    ) {
        self.theme = theme
        self.graphSet = graphSet
        self.sort = sort
        self.refreshMilliseconds = refreshMilliseconds
        self.isMouseOn = isMouseOn
        self.panel = panel
        self.graph = graph
        self.secondsPerStep = secondsPerStep
        self.history = history
        self.unknown = unknown
    }
}
