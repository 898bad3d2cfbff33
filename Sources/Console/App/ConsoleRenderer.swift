import Model
import Server
import Terminal

/// Draws a state: the same state, size, theme and glyphs always give the same cells. What a view looks like is the matter of
/// its own renderer; this one knows which is up.
package struct ConsoleRenderer: CanvasRenderer {
    private let state: ConsoleState
    let canvas: Canvas
    private let layout: DashboardLayout

    /// The frame for a screen of this size.
    package static func render(
        _ state: ConsoleState,
        width: Int,
        height: Int,
        theme: Theme,
        glyphs: GlyphSet
    ) -> CellGrid {
        let canvas = Canvas(
            width: width,
            height: height,
            theme: theme,
            glyphs: glyphs,
            frameStyle: frameStyle(state, theme),
            isCovered: state.overlay != .none,
            clock: state.clock
        )
        ConsoleRenderer(state, canvas).draw()
        return canvas.grid
    }

    private init(_ state: ConsoleState, _ canvas: Canvas) {
        self.state = state
        self.canvas = canvas
        layout = DashboardLayout(width: canvas.grid.width, height: canvas.grid.height, rows: state.tableLines)
    }

    private static func frameStyle(_ state: ConsoleState, _ theme: Theme) -> Style {
        switch state.snapshot?.environment {
        case .development: theme[.frameDevelopment]
        case .staging: theme[.frameStaging]
        case .production: theme[.frameProduction]
        case nil: theme[.frame]
        }
    }

    private var cluster: String { state.snapshot?.status.cluster ?? "cluster" }

    /// The screen that is drawn, which may have another size than the state's own.
    private var context: ViewContext {
        var context = state.context
        context.width = grid.width
        context.height = grid.height
        return context
    }

    private func draw() {
        let overlay = OverlayRenderer(canvas: canvas, table: state.table)
        guard DashboardLayout.fits(width: grid.width, height: grid.height) else {
            overlay.drawTooSmall()
            if case .confirm(let dialog) = state.overlay { overlay.draw(dialog) }
            return
        }
        FrameRenderer(canvas: canvas, state: state).draw(layout)
        drawView()
        drawBottom()
        switch state.overlay {
        case .none: break
        case .help(let top): overlay.drawHelp(top: top)
        case .confirm(let dialog): overlay.draw(dialog)
        }
    }

    private func drawView() {
        switch state.view {
        case .dashboard, .shard, .node: drawRows()
        case .slots: drawSlots()
        case .keys:
            KeysRenderer(
                canvas: canvas,
                view: state.keys,
                cluster: cluster,
                openKey: state.table.keyName(.open),
                now: state.clock.milliseconds
            ).draw()
        case .events: EventsRenderer(canvas: canvas, events: state.events, cluster: cluster).draw()
        case .logs:
            LogsRenderer(canvas: canvas, logs: state.logs, snapshot: state.snapshot, cluster: cluster).draw()
        case .reshard:
            ReshardRenderer(
                canvas: canvas,
                reshard: state.reshard,
                cluster: cluster,
                beginKey: state.table.keyName(.reshard),
                display: state.display,
                unixSeconds: state.clock.unixSeconds
            ).draw()
        }
    }

    private func drawSlots() {
        let isDoubled = state.slots.usesBlocks(context) && glyphs.isUnicode && theme.hasColors
        SlotsRenderer(
            canvas: canvas,
            view: state.slots,
            shards: state.slots.names(context),
            moves: state.reshard.moves,
            cluster: cluster,
            layout: state.slots.layout(context, isDoubled: isDoubled)
        ).draw()
    }

    // MARK: Views of rows

    private func drawRows() {
        let table = TableRenderer(
            canvas: canvas,
            list: state.list,
            operations: state.nodes.operations,
            layout: layout
        )
        if let row = layout.tableTitle {
            divider(row, title: state.list.detail.map(breadcrumb) ?? table.title, panel: .table)
        }
        if state.view == .shard || state.list.detail == nil { table.draw() } else { drawDetail() }
        if state.view == .shard { drawShardFields() }
        drawGraph()
        let events = EventsPanelRenderer(
            canvas: canvas,
            events: state.events.newest,
            shift: state.events.panelShift,
            status: state.snapshot?.status
        )
        if let row = layout.eventsTitle { divider(row, title: events.title, panel: .events) }
        events.draw(layout.events)
        guard let steps = state.firstSteps else { return }
        FirstStepsRenderer(canvas: canvas, steps: steps, short: state.shortFirstStep, layout: layout).draw()
    }

    private func divider(_ y: Int, title: String, panel: ConsolePanel) {
        canvas.divider(y, title: title, isFocused: state.focus == panel)
    }

    private func drawGraph() {
        let graph = GraphRenderer(
            canvas: canvas,
            graph: state.graph,
            row: state.pointed,
            shards: state.context.shards,
            isPaused: state.status.isPaused
        )
        if let row = layout.graphTitle { divider(row, title: graph.title, panel: .graph) }
        graph.draw(layout.graph)
    }

    /// Where an opened row is, and how many are marked.
    private func breadcrumb(_ id: RowID) -> String {
        var names = [cluster]
        switch id {
        case .cluster: break
        case .shard(let name): names.append(name)
        case .node(let address):
            if case .node(let node, _)? = state.row(id) { names.append(node.shard) }
            names.append(address)
        }
        let marked = state.list.marked
        let marks = marked.isEmpty ? "" : "\(canvas.separator)\(marked.count) marked"
        return names.joined(separator: canvas.crumb) + marks
    }

    /// The fields of the opened row, in the table's place.
    private func drawDetail() {
        guard let id = state.list.detail, let row = state.row(id) else { return }
        let lines = DetailText.lines(DetailText.fields(row, in: context, state.details), width: grid.width)
        let area = layout.tableHeader..<layout.tableRows.upperBound
        let top = min(max(0, state.list.detailTop), max(0, lines.count - area.count))
        FieldsRenderer(canvas: canvas).draw(Array(lines.dropFirst(top)), in: area)
    }

    /// The shard's own details below the rows of its nodes, as many lines as there is room for.
    private func drawShardFields() {
        let divider = layout.tableRows.lowerBound + state.list.rows.count
        guard divider + 1 < layout.tableRows.upperBound else { return }
        let area = divider + 1..<layout.tableRows.upperBound
        let lines = state.detailLines ?? []
        let left = lines.count - area.count
        let title = left > 0 ? "Shard\(canvas.separator)\(left) lines more" : "Shard"
        canvas.divider(divider, title: title, isFocused: false)
        FieldsRenderer(canvas: canvas).draw(lines, in: area)
    }

    // MARK: The last line

    private func drawBottom() {
        var candidates: [Completion.Candidate] = []
        if case .command(let editor) = state.input { candidates = state.candidates(for: editor) }
        BottomRenderer(
            canvas: canvas,
            input: state.input,
            candidates: candidates,
            selected: state.commandInput.completion?.selected,
            notice: state.notice,
            hints: state.hints,
            y: layout.bottom
        ).draw()
    }
}
