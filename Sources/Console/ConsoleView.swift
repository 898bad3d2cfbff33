/// The screens of the console. The number is the key that shows one.
package enum ConsoleView: Int, CaseIterable, Sendable {
    /// The whole cluster: nodes, graphs, events.
    case dashboard = 1
    /// A shard: its nodes, its numbers, its graphs.
    case shard = 2
    /// A node: everything it tells of itself.
    case node = 3
    /// Who owns which slots, and where keys, bytes and commands are.
    case slots = 4
    /// Keys and values, of all shards.
    case keys = 5
    /// The reshard wizard, the job that runs, or the last one.
    case reshard = 6
    /// What happened, and who did what.
    case events = 7
    /// What the nodes in this process log.
    case logs = 8

    /// Where rows of shards and nodes are looked at and acted on.
    package static let ofRows: Set<ConsoleView> = [.dashboard, .shard, .node]

    var isOfRows: Bool { Self.ofRows.contains(self) }
}

/// A part of the views of rows that can have the keyboard.
package enum ConsolePanel: CaseIterable, Sendable { case table, graph, events }

/// A view and what is open in it, for the way back.
struct Place: Hashable, Sendable {
    var view: ConsoleView
    var detail: RowID?
    var selection: RowID
}
