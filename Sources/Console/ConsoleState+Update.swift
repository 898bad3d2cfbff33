import Server
import Terminal

extension ConsoleState {
    /// Takes one event in and says what is to be done about it. Pure: no I/O, no clock.
    package mutating func update(_ event: ConsoleEvent) -> [ConsoleAction] {
        var actions: [ConsoleAction] = []
        let wantedSlots = wantsSlots
        let wantedNode = wantsNode
        switch event {
        case .tick(let clock): actions = tick(clock)
        case .key(let key): actions = press(key)
        case .paste(let text): paste(text)
        case .mouse(let mouse): actions = receive(mouse)
        case .mouseMode(let mode): receive(mode)
        case .settings(let settings, let problem): actions = receive(settings, problem)
        case .problem(let text): say(text, .warning)
        case .background(let isLight): actions = receive(backgroundIsLight: isLight)
        case .resized(let width, let height):
            self.width = max(0, width)
            self.height = max(0, height)
        case .snapshot(let snapshot): receive(snapshot)
        case .clusterEvents(let events): receive(events)
        case .theme(let news): receive(news)
        case .keys(let event): actions = receive(event)
        case .logs(let lines): receive(lines)
        case .details(let details): if !isPaused { self.details = details }
        case .slots(let slots): if !isPaused || self.slots == nil { self.slots = slots }
        case .reshard(let event): actions = receive(event)
        case .display(let display): self.display = display
        }
        settle()
        actions += stepRestart()
        audit(actions)
        followAudit()
        actions += auditLines.map(ConsoleAction.audit)
        auditLines = []
        if wantsSlots != wantedSlots { actions.append(.watchSlots(wantsSlots)) }
        if wantsNode != wantedNode { actions.append(.watchNode(wantsNode)) }
        return actions
    }

    private mutating func tick(_ clock: ConsoleClock) -> [ConsoleAction] {
        self.clock = clock
        if startedAt == nil { startedAt = clock.milliseconds }
        if let notice, clock.milliseconds >= notice.until { self.notice = nil }
        operations = operations.filter { clock.milliseconds - $0.value.since < Self.operationMilliseconds }
        showWaitingIfDue()
        return reshard.wizard.tick(now: clock.milliseconds).map(ConsoleAction.reshard)
    }

    /// The history takes every snapshot, the screen only as often as the refresh rate says.
    private mutating func receive(_ snapshot: ClusterSnapshot) {
        history.record(snapshot)
        let news = changes.events(of: snapshot, now: clock)
        if !news.isEmpty { receive(news) }
        waiting = snapshot
        showWaitingIfDue()
    }

    private mutating func showWaitingIfDue() {
        guard !isPaused, let waiting else { return }
        // A node that stops or starts is news, whatever the pace of the details.
        if let snapshot, snapshot.states != waiting.states { return showWaiting() }
        // Sources are as regular as a timer: a snapshot that comes a few milliseconds early is not a second late.
        let tolerance = refreshMilliseconds / 5
        if let shownAt, clock.milliseconds - shownAt < refreshMilliseconds - tolerance, snapshot != nil { return }
        showWaiting()
    }

    /// Shows the newest snapshot now.
    mutating func showWaiting() {
        guard let waiting else { return }
        self.waiting = nil
        snapshot = waiting
        shownAt = clock.milliseconds
        finishOperations()
        refreshRows()
    }

    private mutating func finishOperations() {
        guard !operations.isEmpty, let snapshot else { return }
        for node in snapshot.status.shards.flatMap(\.nodes) {
            guard let operation = operations[node.address] else { continue }
            let isDone =
                switch operation.verb {
                case .start: node.state == .running || node.state == .syncing || node.state == .failed
                case .stop: node.state == .stopped || node.state == .failed
                }
            // A status that is older than the request says nothing about it.
            if isDone, snapshot.milliseconds >= operation.since { operations[node.address] = nil }
        }
    }

    mutating func receive(_ new: [ClusterEvent]) {
        events.append(contentsOf: new)
        eventsReceived += new.count
        if events.count > Self.eventLimit { events.removeFirst(events.count - Self.eventLimit) }
        // Whoever reads older events keeps seeing them.
        if eventsShift > 0 { eventsShift += new.count }
        if eventsScope != .audit { eventsView.keepPlace(new.count { eventsView.matches($0.text) }) }
    }

    mutating func refreshRows() {
        guard let snapshot else { return }
        rowsScope = shownShard
        guard let rowsScope else {
            return rows = TableRow.rows(of: snapshot.status, filter: filter, sort: sort)
        }
        rows = snapshot.status.shards.filter { $0.name == rowsScope }.flatMap { shard -> [TableRow] in
            let nodes = sort.sorted(shard.nodes)
            return [.shard(shard)] + nodes.enumerated().map { TableRow.node($1, isLast: $0 == nodes.count - 1) }
        }
    }

    /// Brings selection and scroll positions back into what exists.
    private mutating func settle() {
        settlePlace()
        settleMarks()
        if rowsScope != shownShard { refreshRows() }
        if !rows.contains(where: { $0.id == selection }) { selection = firstMatch }
        let layout = self.layout
        settleFocus(layout)
        tableTop = DashboardLayout.scrolled(
            top: tableTop,
            selected: selectedIndex,
            visible: layout.tableRows.count,
            total: rows.count
        )
        if view == .slots { settleSlots() }
        if view == .keys { settleKeys() }
        graphShift = min(max(0, graphShift), SampleHistory.capacity - 1)
        eventsShift = min(max(0, eventsShift), max(0, events.count - 1))
        if let detail, snapshot != nil, row(detail) == nil {
            leave()
            refreshRows()
            say("\(Self.name(of: detail)) is no longer part of the cluster", .warning)
        }
        settleGraphScales()
    }

    /// With a filter, the first row it found; the cluster's own row is always there.
    private var firstMatch: RowID {
        let isFiltered = !filter.isEmpty
        return rows.first { isFiltered ? $0.id != .cluster : true }?.id ?? .cluster
    }

    /// The row of this id, whether the filter shows it or not.
    package func row(_ id: RowID) -> TableRow? {
        guard let status = snapshot?.status else { return nil }
        switch id {
        case .cluster: return .cluster(status)
        case .shard(let name): return status.shards.first { $0.name == name }.map(TableRow.shard)
        case .node(let address):
            return status.shards.lazy.flatMap(\.nodes).first { $0.address == address }.map { .node($0, isLast: true) }
        }
    }

    static func name(of id: RowID) -> String {
        switch id {
        case .cluster: "the cluster"
        case .shard(let name), .node(let name): name
        }
    }

    /// Shows a line for a few seconds in place of the hints.
    mutating func say(_ text: String, _ severity: ClusterEvent.Severity = .info) {
        noticesSaid += 1
        let until = clock.milliseconds + Self.noticeMilliseconds
        notice = Notice(text: text, severity: severity, until: until, number: noticesSaid)
    }
}
