import Server
import Terminal

/// Keys and labels of the commands that are of use now, from the table that dispatches them.
struct HintList {
    private let table: CommandTable
    private let view: ConsoleView
    private let focus: ConsolePanel
    private let hasRows: Bool
    /// The row that keys act on.
    private let pointed: RowID
    /// A row's details are open.
    private let isDetail: Bool
    private let hasGraph: Bool
    private let hasKey: Bool
    private let canCopy: Bool
    private let canGoBack: Bool
    private let reshard: ReshardState

    init(_ state: ConsoleState) {
        table = state.table
        view = state.view
        focus = state.focus
        hasRows = !state.list.rows.isEmpty
        pointed = state.pointed
        isDetail = state.list.detail != nil
        hasGraph = !state.layout.graph.isEmpty
        hasKey = state.keys.pointed != nil
        canCopy = CopyText(selectedIn: state) != nil
        canGoBack =
            state.view != .dashboard || state.list.detail != nil || state.graph.shift > 0 || state.events.panelShift > 0
            || state.focus != .table || !state.list.filter.isEmpty || !state.list.marked.isEmpty
        reshard = state.reshard
    }

    var hints: [(key: String, label: String)] {
        if view == .reshard, reshard.isOpen, reshard.wizard.takesText {
            return reshard.typingHints { table.keyName($0) }
        }
        var first: [(String, String)] = []
        var own: [(String, String)] = []
        var others: [(String, String)] = []
        // What can be done here comes before where else one could go.
        var otherView: [(String, String)] = []
        for command in table.commands where command.isFor(view) {
            guard let label = label(of: command), let key = command.keys.first else { continue }
            let isWayOut = [.quit, .help, .back].contains(command.handler)
            if view == .reshard, command.handler == .back || reshard.hint(command.handler) != nil {
                own.append((key.name, label))
            } else if isWayOut {
                first.append((key.name, label))
            } else if case .otherView = command.hint {
                otherView.append((key.name, label))
            } else {
                others.append((key.name, label))
            }
        }
        // What this step asks for comes before what is the same everywhere.
        return (own + first.reversed() + others + otherView).map { (key: $0.0, label: $0.1) }
    }

    private func label(of command: ConsoleCommand) -> String? {
        switch command.hint {
        case .onTable where view == .reshard: reshard.hint(command.handler)
        case .never: nil
        case .always where view == .reshard && [.nextPanel, .reshard].contains(command.handler):
            reshard.hint(command.handler)
        case .always(let label): label
        case .onTable(let label): isOnTable && (!isDetail || aboutDetail.contains(command.handler)) ? label : nil
        case .onShard(let label): isOnTable && pointed != .cluster ? label : nil
        case .onGraph(let label): view.isOfRows && hasGraph ? label : nil
        case .inGraph(let label): view.isOfRows && focus == .graph ? label : nil
        case .inReshard: reshard.hint(command.handler)
        case .inView(let label): label
        case .onKey(let label): hasKey ? label : nil
        case .otherView(let label): command.handler == .view(view) ? nil : label
        case .onSelection(let label): canCopy ? label : nil
        case .whenBackWorks(let label): canGoBack ? label : nil
        }
    }

    private var isOnTable: Bool { view.isOfRows && focus == .table && hasRows }

    /// An opened row can be started and stopped; there is nothing to sort.
    private var aboutDetail: [ConsoleCommand.Handler] {
        view == .shard ? [.start, .stop, .copy, .open] : [.start, .stop, .copy]
    }
}
