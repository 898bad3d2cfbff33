import Model
import Server
import Terminal

/// Which view is up, what lies over it, and what all views share. Events change it (`update`), `ConsoleRenderer` draws it;
/// neither does I/O. Each view's own state is a type of its own, which alone changes it.
package struct ConsoleState: Sendable {
    package let options: ConsoleOptions
    package let table: CommandTable

    // The screen and the time.
    package internal(set) var width: Int
    package internal(set) var height: Int
    package internal(set) var display = ConsoleDisplay()
    package internal(set) var clock = ConsoleClock()
    /// Keys can be pressed, and rows are selected.
    var hasScreen = true
    /// When the console's first event came: what a missing first status is measured from.
    var startedAt: Int?

    // What is known of the cluster.
    package internal(set) var status: SnapshotState
    var changes = ChangeFeed()
    /// What the node that is looked at tells of itself beyond its status.
    package internal(set) var details: NodeDetails?

    // Where the user is.
    package internal(set) var view = ConsoleView.dashboard
    /// Where Enter led away from, the way back of Esc. Bounded by how deep views lead into each other.
    var trail: [Place] = []
    package internal(set) var focus = ConsolePanel.table
    package internal(set) var overlay = Overlay.none
    package internal(set) var input = InputLine.none
    var commandInput = CommandInput()
    package internal(set) var notice: Notice?
    private var noticesSaid = 0
    package internal(set) var theme: ThemeState
    package internal(set) var mouse = MouseState()
    /// Lines of the settings that another version knows.
    var unknownSettings: [String] = []

    // The views and their parts.
    package internal(set) var list = RowList()
    package internal(set) var nodes = NodesState()
    package internal(set) var graph: GraphState
    package internal(set) var slots = SlotsState()
    package internal(set) var keys = KeysState()
    package internal(set) var events = EventsState()
    package internal(set) var logs = LogsState()
    package internal(set) var reshard = ReshardState()

    /// `themeNames` is what `t` walks through; `canCopy` whether the terminal takes text for the clipboard.
    package init(
        options: ConsoleOptions,
        themeNames: [String],
        width: Int = 80,
        height: Int = 24,
        canCopy: Bool = false
    ) {
        self.options = options
        self.width = max(0, width)
        self.height = max(0, height)
        table = CommandTable(isReadOnly: options.isReadOnly, canCopy: canCopy, canReshard: options.canReshard)
        theme = ThemeState(name: options.theme, names: themeNames)
        graph = GraphState(set: options.graphSet)
        status = SnapshotState(refreshMilliseconds: options.refreshMilliseconds)
    }

    /// The newest status that is shown.
    package var snapshot: ClusterSnapshot? { status.shown }

    /// What the views are told.
    var context: ViewContext {
        ViewContext(width: width, height: height, clock: clock, snapshot: snapshot, display: display)
    }

    package var isTooSmall: Bool { !DashboardLayout.fits(width: width, height: height) }

    var layout: DashboardLayout { DashboardLayout(width: width, height: height, rows: tableLines) }

    /// How many lines the table's place has to show.
    var tableLines: Int {
        guard list.detail != nil, let lines = detailLines else { return list.rows.count }
        return view == .shard ? list.rows.count + 1 + lines.count : lines.count
    }

    /// The fields of the opened row, as the screen has room for them; nil: none is open.
    var detailLines: [[DetailText.Field]]? {
        guard let id = list.detail, let row = row(id) else { return nil }
        guard view == .shard else {
            return DetailText.lines(DetailText.fields(row, in: context, details), width: width)
        }
        // Below the rows of its nodes.
        guard case .shard(let shard) = row else { return [] }
        return DetailText.lines(DetailText.shard(shard, details), width: width)
    }

    /// The row of this id, whether the filter shows it or not.
    package func row(_ id: RowID) -> TableRow? { snapshot?.status.row(id) }

    /// Whether something turns on the screen, so that frames are due more often than once a second.
    package var isAnimating: Bool {
        guard let snapshot else { return true }
        if view == .reshard, reshard.wizard.isWaiting { return true }
        if view == .keys, keys.isWaiting { return true }
        return !nodes.operations.isEmpty
            || snapshot.status.shards.contains { $0.nodes.contains { $0.state.isInProgress } }
    }

    /// Whether the terminal is to be asked whether it is light or dark: only where nobody chose.
    package var wantsBackground: Bool { !options.isThemeChosen && theme.chosen == nil && display.hasColors }

    /// What somebody could do next; nil where there is something else to see, or something on its way.
    package var firstSteps: [String]? { FirstSteps(self)?.lines }

    /// The same in one line.
    package var shortFirstStep: String? { FirstSteps(self)?.short(width: width) }

    /// Keys and labels of the commands that are of use now.
    package var hints: [(key: String, label: String)] { HintList(self).hints }

    /// Shows a line for a few seconds in place of the hints.
    mutating func say(_ text: String, _ severity: ClusterEvent.Severity = .info) {
        noticesSaid += 1
        let until = clock.milliseconds + Notice.milliseconds
        notice = Notice(text: text, severity: severity, until: until, number: noticesSaid)
    }
}
