import Terminal

extension ConsoleState {
    /// What is to be remembered of this state.
    package var settings: ConsoleSettings {
        ConsoleSettings(
            theme: chosenTheme,
            graphSet: chosenGraphSet,
            sort: sort,
            refreshMilliseconds: refreshMilliseconds,
            isMouseOn: wantsMouse,
            panel: focus,
            graph: graphKind,
            secondsPerStep: graph.secondsPerStep,
            history: commandHistory.compactMap(remembered),
            unknown: unknownSettings
        )
    }

    /// Begins where the last console was left. The theme on the screen is not changed: the one who opened it knows
    /// whether another was asked for.
    mutating func receive(_ settings: ConsoleSettings, _ problem: String?) -> [ConsoleAction] {
        chosenTheme = settings.theme
        chosenGraphSet = settings.graphSet
        if let set = settings.graphSet { graph.set = set }
        if let sort = settings.sort { self.sort = sort }
        if let milliseconds = settings.refreshMilliseconds { refreshMilliseconds = milliseconds }
        if let panel = settings.panel { focus = panel }
        if let kind = settings.graph { graphKind = kind }
        if let seconds = settings.secondsPerStep { graph.zoom(to: seconds) }
        wantsMouse = settings.isMouseOn ?? false
        commandHistory = settings.history.suffix(Self.commandHistoryLimit).map { LineEditor($0).text }
        unknownSettings = settings.unknown
        refreshRows()
        if let problem { say(problem, .warning) }
        return wantsMouse ? [.useMouse(true)] : []
    }

    /// A line of the history as it may be written to a disk: no values, and nothing that may be one by a slip of the
    /// fingers. nil for a line that is left out.
    private func remembered(_ line: String) -> String? {
        let words = line.split(separator: " ", maxSplits: 2)
        guard let name = words.first else { return nil }
        let found = table.commands(named: String(name))
        guard let command = found.first, found.count == 1 else { return nil }
        guard command.handler == .put else { return line }
        return words.count > 1 ? "\(command.name) \(words[1])" : nil
    }
}
