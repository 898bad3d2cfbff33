extension ConsoleSettings {
    /// What is to be remembered of a state.
    init(of state: ConsoleState) {
        self.init(
            theme: state.theme.chosen,
            graphSet: state.graph.chosenSet,
            sort: state.list.sort,
            refreshMilliseconds: state.status.refreshMilliseconds,
            isMouseOn: state.mouse.isWanted,
            panel: state.focus,
            graph: state.graph.kind,
            secondsPerStep: state.graph.settings.secondsPerStep,
            history: state.commandInput.history.compactMap { CommandInput.remembered($0, state.table) },
            unknown: state.unknownSettings
        )
    }
}
