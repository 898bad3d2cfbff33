/// Every role that something on the screen can have; the only names a theme may give a style, besides the groups
/// before a dot (`table`, `state`), which are what the roles in them fall back to, and `text`, the last resort of all.
package enum ThemeRole: String, CaseIterable, Sendable {
    /// Ordinary text, and the background of the whole screen.
    case text
    /// Text that matters less: units, timestamps, placeholders.
    case textDim = "text.dim"
    /// Names and figures to be seen first.
    case textStrong = "text.strong"
    /// Screen and panel titles.
    case title
    /// Lines around panels; one colour for each environment, so that production is never mistaken.
    case frame
    case frameDevelopment = "frame.development"
    case frameStaging = "frame.staging"
    case frameProduction = "frame.production"
    /// The panel that has the keyboard.
    case frameFocused = "frame.focused"

    case tableHeader = "table.header"
    case tableRow = "table.row"
    case tableSelected = "table.selected"
    /// Rows marked for an action on several.
    case tableMarked = "table.marked"

    /// What a node does.
    case stateRunning = "state.running"
    case stateStarting = "state.starting"
    case stateSyncing = "state.syncing"
    case stateStopping = "state.stopping"
    case stateStopped = "state.stopped"
    case stateFailed = "state.failed"
    case stateUnreachable = "state.unreachable"
    case roleLeader = "role.leader"
    case roleReplica = "role.replica"

    case graphRead = "graph.read"
    case graphWrite = "graph.write"
    case graphAxis = "graph.axis"
    case graphScale = "graph.scale"

    /// Several things of a kind that stand side by side: replicas in a graph, shards in the slot map. In this order,
    /// and then again from the first.
    case series1 = "series.1"
    case series2 = "series.2"
    case series3 = "series.3"
    case series4 = "series.4"
    case series5 = "series.5"
    case series6 = "series.6"
    case series7 = "series.7"
    case series8 = "series.8"

    /// From a little to the most: the heat of slots.
    case heat1 = "heat.1"
    case heat2 = "heat.2"
    case heat3 = "heat.3"
    case heat4 = "heat.4"
    /// Slots on their way to another shard, where letters stand for shards.
    case slotMoving = "slot.moving"

    /// A key name and what it does, in the last line.
    case key
    case hint

    case eventInfo = "event.info"
    case eventWarning = "event.warning"
    case eventError = "event.error"

    case dialog
    case dialogTitle = "dialog.title"
    case dialogButton = "dialog.button"
    case dialogButtonSelected = "dialog.button.selected"
    case dialogDanger = "dialog.danger"
    case input
    case inputCursor = "input.cursor"
    case filter
    case filterMatch = "filter.match"

    /// Progress bars: done and to do.
    case progressDone = "progress.done"
    case progressLeft = "progress.left"

    case good
    case warn
    case bad
    /// The sign that all this is a demonstration with made-up data.
    case demo

    /// The role of one of several things of a kind, by its place among them.
    package static func series(_ index: Int) -> ThemeRole { allSeries[max(0, index) % allSeries.count] }

    package static var seriesCount: Int { allSeries.count }

    /// The role of a heat, 1 for a little to 4 for the most.
    package static func heat(_ level: Int) -> ThemeRole { heats[min(max(1, level), heats.count) - 1] }

    private static let heats: [ThemeRole] = [.heat1, .heat2, .heat3, .heat4]

    private static let allSeries: [ThemeRole] = [
        .series1, .series2, .series3, .series4, .series5, .series6, .series7, .series8,
    ]

    /// Every name a theme file may use: the roles and the groups that they fall back to.
    package static let allNames: Set<String> = {
        var names: Set<String> = []
        for role in allCases { names.formUnion(fallbacks(of: role.rawValue)) }
        return names
    }()

    /// The names to look up in turn: `table.header`, `table`, `text`.
    static func fallbacks(of name: String) -> [String] {
        var names = [name]
        var rest = name[...]
        while let dot = rest.lastIndex(of: ".") {
            rest = rest[..<dot]
            names.append(String(rest))
        }
        if names.last != "text" { names.append("text") }
        return names
    }
}
