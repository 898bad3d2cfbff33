import Resharding
import Server
import Terminal

/// Draws a state: the same state, size, theme and glyphs always give the same cells.
package struct ConsoleRenderer {
    let state: ConsoleState
    let theme: Theme
    let glyphs: GlyphSet
    let layout: DashboardLayout
    var grid: CellGrid

    /// The frame for a screen of this size.
    package static func render(
        _ state: ConsoleState,
        width: Int,
        height: Int,
        theme: Theme,
        glyphs: GlyphSet
    ) -> CellGrid {
        var renderer = ConsoleRenderer(state, width: width, height: height, theme: theme, glyphs: glyphs)
        renderer.draw()
        return renderer.grid
    }

    private init(_ state: ConsoleState, width: Int, height: Int, theme: Theme, glyphs: GlyphSet) {
        self.state = state
        self.theme = theme
        self.glyphs = glyphs
        grid = CellGrid(width: width, height: height, style: theme[.text])
        layout = DashboardLayout(width: grid.width, height: grid.height, rows: state.tableLines)
    }

    private mutating func draw() {
        guard DashboardLayout.fits(width: grid.width, height: grid.height) else {
            drawTooSmall()
            if case .confirm(let dialog) = state.overlay { draw(dialog) }
            return
        }
        drawFrame()
        switch state.view {
        case .dashboard, .shard, .node: drawDashboard()
        case .slots: drawSlotsView()
        case .keys: drawKeysView()
        case .events: drawEventsView()
        case .logs: drawLogsView()
        case .reshard: drawReshardView()
        }
        drawBottom()
        switch state.overlay {
        case .none: break
        case .help(let top): drawHelp(top: top)
        case .confirm(let dialog): draw(dialog)
        }
    }

    private mutating func drawDashboard() {
        drawInformation(layout.information)
        if let row = layout.tableTitle { drawDivider(row, title: tableTitle, panel: .table) }
        if let row = layout.graphTitle { drawDivider(row, title: graphTitle, panel: .graph) }
        if let row = layout.eventsTitle { drawDivider(row, title: eventsTitle, panel: .events) }
        switch state.view {
        case .shard:
            drawTable()
            drawShardFields()
        default: if state.detail == nil { drawTable() } else { drawDetail() }
        }
        drawGraph()
        drawEvents()
        drawFirstSteps()
    }

    /// The inside of the frame, left to right.
    var inner: Int { max(0, grid.width - 2) }

    /// Between the parts of a breadcrumb.
    var crumb: String { glyphs.isUnicode ? " › " : " > " }

    /// Where things stand apart in one line.
    var separator: String { glyphs.isUnicode ? " · " : " | " }

    var frameStyle: Style {
        switch state.snapshot?.environment {
        case .development: theme[.frameDevelopment]
        case .staging: theme[.frameStaging]
        case .production: theme[.frameProduction]
        case nil: theme[.frame]
        }
    }

    /// One turn of the spinner takes a second; it moves with the clock of the events.
    var spinner: String {
        let frames: [String] =
            glyphs.isUnicode ? ["⠋", "⠙", "⠹", "⠸", "⠴", "⠦", "⠇", "⠏"] : ["|", "/", "-", "\\"]
        let turn = (state.clock.milliseconds % 1_000 + 1_000) % 1_000
        return frames[turn * frames.count / 1_000]
    }

    private mutating func drawFrame() {
        let frame = Rect(width: grid.width, height: grid.height)
        grid.box(frame, glyphs: glyphs, style: frameStyle)
        drawTitle()
    }

    private mutating func drawDivider(_ y: Int, title: String, panel: ConsoleState.Panel) {
        drawDivider(y, title: title, isFocused: state.focus == panel)
    }

    /// A line across the frame with a title; `isFocused`: its panel has the keyboard.
    mutating func drawDivider(_ y: Int, title: String, isFocused: Bool) {
        let isFocused = isFocused && state.overlay == .none
        let style = isFocused ? theme[.frameFocused] : frameStyle
        grid.rule(x: 1, y: y, width: inner, glyphs: glyphs, style: style)
        grid.put(String(glyphs.teeLeft), x: 0, y: y, style: frameStyle)
        grid.put(String(glyphs.teeRight), x: grid.width - 1, y: y, style: frameStyle)
        let label = SafeText.truncated(title, to: max(0, inner - 4), ellipsis: glyphs.ellipsis)
        // The panel with the keyboard is seen without colours, too.
        let mark = isFocused ? String(glyphs.marker) : " "
        grid.put("\(mark)\(label) ", x: 2, y: y, style: isFocused ? theme[.frameFocused] : theme[.title])
    }

    /// Name and environment on the left; labels and the time of the numbers on the right.
    private mutating func drawTitle() {
        var end = grid.width - 2
        for (text, style) in titleLabels {
            let width = SafeText.width(text) + 2
            guard end - width > 14 else { break }
            grid.put(" \(text) ", x: end - width, y: 0, style: style)
            end -= width + 1
        }
        let name = state.snapshot?.status.cluster ?? "shoal"
        let environment = state.snapshot.map { "\(separator)\($0.environment.rawValue)" } ?? ""
        let room = max(0, end - 5)
        let label = SafeText.truncated(name + environment, to: room, ellipsis: glyphs.ellipsis)
        grid.put(" \(label) ", x: 2, y: 0, style: frameStyle.adding(.bold), maxWidth: room + 2)
    }

    /// From the right end to the left.
    private var titleLabels: [(String, Style)] {
        var labels: [(String, Style)] = []
        if let snapshot = state.snapshot {
            let age = max(0, state.clock.milliseconds - snapshot.milliseconds) / 1_000
            let isOld = age >= max(3, 2 * state.refreshMilliseconds / 1_000)
            let time = NumberFormat.timeOfDay(
                unixSeconds: state.clock.unixSeconds - age,
                utcOffsetSeconds: state.clock.utcOffsetSeconds
            )
            labels.append(
                isOld && !state.isPaused
                    ? ("\(NumberFormat.duration(seconds: age)) old", theme[.warn]) : (time, theme[.title])
            )
        }
        if state.isPaused { labels.append(("PAUSED", theme[.warn].adding(.bold))) }
        if state.options.isReadOnly { labels.append(("READ-ONLY", theme[.title])) }
        if state.options.isDemo || state.snapshot?.demo.isEmpty == false { labels.append(("DEMO", theme[.demo])) }
        return labels
    }

    mutating func drawInformation(_ lines: Range<Int>) {
        guard let first = lines.first else { return }
        guard let status = state.snapshot?.status else {
            let since = max(0, state.clock.milliseconds - (state.startedAt ?? state.clock.milliseconds)) / 1_000
            let wait = since >= 1 ? "  \(NumberFormat.duration(seconds: since))" : ""
            put("\(spinner) waiting for the first status\(wait)", y: first, style: theme[.text])
            return
        }
        let nodes = status.shards.flatMap(\.nodes)
        let running = nodes.count { $0.state == .running }
        let health = running == nodes.count ? theme[.good] : theme[.warn]
        let isNarrow = grid.width < 76
        let rates = status.opsPerSecond
        var parts: [(String, Style)] = []
        // Where there is no line for a title, whose numbers these are comes first.
        if state.view == .node, layout.tableTitle == nil, let id = state.detail {
            parts.append((ConsoleState.name(of: id), theme[.textStrong]))
        }
        parts.append(("\(running)/\(nodes.count) \(isNarrow ? "up" : "nodes running")", health))
        if let rolling = state.rolling, rolling.outcome == .underWay {
            parts.append(("restart: \(rolling.progress)", theme[.stateSyncing]))
        }
        if let job = state.reshard.wizard.job, !job.job.state.isEnded {
            parts.append(("reshard \(Int(Self.share(job.status) * 100)) %", theme[.stateSyncing]))
        }
        parts.append((keys(status), theme[.text]))
        if !isNarrow { parts.append((NumberFormat.bytes(status.bytes), theme[.text])) }
        if isNarrow {
            parts.append(("\(NumberFormat.short(rates.total)) ops/s", theme[.text]))
        } else {
            parts.append(("\(NumberFormat.short(rates.read)) reads/s", theme[.graphRead]))
            parts.append(("\(NumberFormat.short(rates.write)) writes/s", theme[.graphWrite]))
        }
        putParts(parts, y: first)
        guard lines.count > 1 else { return }
        putParts(
            [
                (NumberFormat.counted(status.shards.count, "shard"), theme[.textDim]),
                ("placement \(status.placement)", theme[.textDim]),
                ("coordinator \(status.coordinator)", theme[.textDim]),
                ("map version \(status.mapVersion)", theme[.textDim]), ("theme \(state.themeName)", theme[.textDim]),
            ],
            y: first + 1
        )
    }

    /// The cluster's keys; of shards that nobody can be asked about, nothing is claimed.
    private func keys(_ status: ClusterStatus) -> String {
        let known = status.shards.count { shard in shard.keys > 0 || shard.nodes.contains { $0.state.serves } }
        guard known > 0 else { return "\(glyphs.isUnicode ? "–" : "-") keys" }
        let number = grid.width < 100 ? NumberFormat.short(status.keys) : NumberFormat.full(status.keys)
        let all = "\(number) \(status.keys == 1 ? "key" : "keys")"
        return known == status.shards.count ? all : "\(all) in \(known) of \(status.shards.count) shards"
    }

    /// Writes parts with separators as long as whole ones fit.
    mutating func putParts(_ parts: [(String, Style)], y: Int) {
        var x = 2
        for (index, part) in parts.enumerated() {
            let lead = index == 0 ? "" : separator
            guard x + SafeText.width(lead + part.0) <= grid.width - 2 || index == 0 else { return }
            x += grid.put(lead, x: x, y: y, style: theme[.textDim])
            x += grid.put(part.0, x: x, y: y, style: part.1, maxWidth: max(0, grid.width - 2 - x))
        }
    }

    /// Text inside the frame, cut with an ellipsis.
    mutating func put(_ text: String, x: Int = 2, y: Int, style: Style) {
        let room = max(0, grid.width - 1 - x)
        grid.put(
            SafeText.truncated(text, to: room, ellipsis: glyphs.ellipsis),
            x: x,
            y: y,
            style: style,
            maxWidth: room
        )
    }
}
