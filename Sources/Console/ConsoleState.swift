import Server
import Terminal

/// Everything the screen depends on. Events change it (`update`), `ConsoleRenderer` draws it; neither does I/O.
package struct ConsoleState: Sendable {
    package enum Panel: CaseIterable, Sendable { case table, graph, events }

    /// What lies over the dashboard and takes the keys.
    package enum Overlay: Hashable, Sendable {
        case none
        case help(top: Int)
        case confirm(ConfirmDialog)
    }

    /// The line being typed at the bottom.
    package enum Input: Hashable, Sendable {
        case none
        case command(LineEditor)
        case filter(LineEditor)
        case prompt(Prompt, LineEditor)
    }

    /// A line for the user that goes away by itself.
    package struct Notice: Hashable, Sendable {
        package var text: String
        package var severity: ClusterEvent.Severity
        var until: Int
        /// The same said twice is two notices.
        var number: Int
    }

    /// A start or stop that was asked for and has not shown yet.
    package struct Operation: Hashable, Sendable {
        package enum Verb: Hashable, Sendable { case start, stop }
        package var verb: Verb
        package var since: Int
    }

    /// Older events fall off: the panel is a window, the log is elsewhere.
    static let eventLimit = 500
    /// Commands remembered for the arrows.
    static let commandHistoryLimit = 100
    static let noticeMilliseconds = 6_000
    /// A request that shows no effect for so long is no longer drawn as under way; its outcome still comes as an event.
    static let operationMilliseconds = 60_000

    package let options: ConsoleOptions
    package let table: CommandTable
    package internal(set) var themeNames: [String]
    /// Those that could not be used when they were last tried.
    var brokenThemes: Set<String> = []

    package internal(set) var themeName: String
    package internal(set) var width: Int
    package internal(set) var height: Int
    package internal(set) var clock = ConsoleClock()
    /// What is shown; `waiting` is newer and not due yet, or held back by a pause.
    package internal(set) var snapshot: ClusterSnapshot?
    var waiting: ClusterSnapshot?
    var shownAt: Int?
    /// When the console's first event came: what a missing first status is measured from.
    var startedAt: Int?
    package internal(set) var history = SampleHistory()
    package internal(set) var events: [ClusterEvent] = []
    /// Of all time; those that fell off are counted.
    var eventsReceived = 0
    var changes = ChangeFeed()
    package internal(set) var operations: [String: Operation] = [:]

    /// Keys can be pressed, and rows are selected.
    var hasScreen = true
    package internal(set) var view = ConsoleView.dashboard
    /// Where Enter led away from, the way back of Esc. Bounded by how deep views lead into each other.
    var trail: [Place] = []
    /// Which shard alone `rows` was made for; nil: all.
    var rowsScope: String?
    package internal(set) var display = ConsoleDisplay()
    /// Clicks and the wheel arrive.
    package internal(set) var isMouseOn = false
    /// What the user said last about it, also on a terminal that has none; `isMouseAsked` until it is answered.
    var wantsMouse = false
    var isMouseAsked = false
    /// The theme the user chose, here or the last time; nil: the one that suits the terminal.
    var chosenTheme: String?
    /// The set of glyphs for graphs that was chosen; nil: the one that suits the terminal.
    var chosenGraphSet: GraphSet?
    /// Lines of the settings that another version knows.
    var unknownSettings: [String] = []
    package internal(set) var slots: ClusterSlots?
    package internal(set) var slotsView = SlotsView()
    /// What the node that is looked at tells of itself beyond its status.
    package internal(set) var details: NodeDetails?
    package internal(set) var keysView = KeysView()
    package internal(set) var eventsView = FeedView()
    package internal(set) var eventsScope = EventsScope.all
    package internal(set) var audit: [AuditEntry] = []
    /// Lines of the audit that the log has still to get.
    var auditLines: [String] = []
    package internal(set) var logs: [LogLine] = []
    package internal(set) var logsView = FeedView()
    package internal(set) var logLevel = LogLine.Level.debug
    package internal(set) var reshard = ReshardView()
    package internal(set) var rows: [TableRow] = []
    package internal(set) var selection = RowID.cluster
    /// Rows that the next start, stop, restart or switchover is about, instead of the selected one.
    package internal(set) var marked: Set<RowID> = []
    package internal(set) var rolling: RollingRestart?
    /// Its nodes as they were asked for, which is another order than the one of their turns.
    var restartAsked: [String] = []
    var tableTop = 0
    package internal(set) var filter = ""
    package internal(set) var sort = TableSort()
    package internal(set) var focus = Panel.table
    package internal(set) var graphKind = GraphKind.requests
    package internal(set) var graph: GraphSettings
    var graphScales = GraphScales()
    /// Seconds the graph is moved back in time.
    var graphShift = 0
    /// Events the panel is moved back by.
    var eventsShift = 0
    /// The row whose details are open.
    package internal(set) var detail: RowID?
    var detailTop = 0
    package internal(set) var overlay = Overlay.none
    package internal(set) var input = Input.none
    var commandHistory: [String] = []
    var commandHistoryIndex: Int?
    var completion: Completion?
    package internal(set) var notice: Notice?
    var noticesSaid = 0
    package internal(set) var refreshMilliseconds: Int
    /// The newest second of the graph while paused; nil while running.
    package internal(set) var pausedAtSecond: Int?
    package internal(set) var isPaused = false

    /// `themeNames` is what `t` walks through; `canCopy` whether the terminal takes text for the clipboard.
    package init(
        options: ConsoleOptions,
        themeNames: [String],
        width: Int = 80,
        height: Int = 24,
        canCopy: Bool = false
    ) {
        self.options = options
        self.themeNames = themeNames.isEmpty ? [options.theme] : themeNames
        self.width = max(0, width)
        self.height = max(0, height)
        table = CommandTable(isReadOnly: options.isReadOnly, canCopy: canCopy, canReshard: options.canReshard)
        themeName = options.theme
        graph = GraphSettings(set: options.graphSet)
        refreshMilliseconds = options.refreshMilliseconds
    }

    package var isTooSmall: Bool { !DashboardLayout.fits(width: width, height: height) }

    var layout: DashboardLayout { DashboardLayout(width: width, height: height, rows: tableLines) }

    var selectedIndex: Int { rows.firstIndex { $0.id == selection } ?? 0 }

    package var selectedRow: TableRow? { rows.isEmpty ? nil : rows[selectedIndex] }

    /// Whether something turns on the screen, so that frames are due more often than once a second.
    package var isAnimating: Bool {
        guard let snapshot else { return true }
        if view == .reshard, reshard.wizard.isWaiting { return true }
        if view == .keys, keysView.isWaiting { return true }
        return !operations.isEmpty || snapshot.status.shards.contains { $0.nodes.contains { $0.state.isInProgress } }
    }

    /// Nodes in this process that would stop with it.
    package var embeddedRunning: Int {
        guard let snapshot = waiting ?? snapshot else { return 0 }
        return snapshot.status.shards.reduce(0) { sum, shard in
            sum + shard.nodes.count { snapshot.embedded.contains($0.address) && $0.state != .stopped }
        }
    }

    /// The newest second of the graph before it is moved back.
    var graphSecond: Int { pausedAtSecond ?? history.newestSecond ?? 0 }
}
