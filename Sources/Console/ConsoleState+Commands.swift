import Server

extension ConsoleState {
    /// Runs a command, from its key (`argument` empty) or from the command line.
    mutating func run(_ command: ConsoleCommand, argument: String = "") -> [ConsoleAction] {
        switch command.handler {
        case .quit: return quit()
        case .help: overlay = .help(top: 0)
        case .palette: beginCommand()
        case .filter: argument.isEmpty ? beginFilter() : setFilter(argument)
        case .start: return start(argument)
        case .stop: stop(argument)
        case .switchover: switchOver(argument)
        case .view(.slots):
            trail = []
            showSlots(argument)
        case .view(.keys): return showKeys()
        case .view(let view): show(view, argument)
        case .scan:
            if !argument.isEmpty || view != .keys { return showKeys(prefix: argument) }
            ask(.scan, KeyText.text(of: keysView.prefix))
        case .get: return getKey(argument)
        case .put: return putKey(argument)
        case .edit: return editKey()
        case .delete: deleteKey(argument)
        case .expire: return expireKey(argument)
        case .form: showForm(argument)
        case .reload: return reloadKeys()
        case .find:
            guard view == .events || view == .logs else { return notHere("find", "the events (7) or the logs (8)") }
            if argument.isEmpty {
                ask(.find, view == .logs ? logsView.filter : eventsView.filter)
            } else {
                findInFeed(argument)
            }
        case .scope: stepEventsScope()
        case .level: showLevel(argument)
        case .restart: restart(argument)
        case .markRow: markRow()
        case .shade(let direction): slotsView.shade = slotsView.shade.stepped(direction)
        case .shadeBy: argument.isEmpty ? (slotsView.shade = slotsView.shade.stepped(1)) : shadeSlots(argument)
        case .reshard: return openReshard(argument)
        case .reshardPause: return pauseReshard()
        case .reshardCancel: cancelReshard()
        case .reshardRate: return stepReshardRate()
        case .mark: reshard.wizard.mark()
        case .open where argument.isEmpty && view == .keys: return openKey()
        case .open where argument.isEmpty && (view == .events || view == .logs): break
        case .open where argument.isEmpty && view == .slots: openSlot()
        case .open where argument.isEmpty && view == .reshard: return openInReshard()
        case .open: open(argument)
        case .back where view == .keys: backFromKeys()
        case .back where view == .events || view == .logs: backFromFeed()
        case .back where view == .reshard: return backFromReshard()
        case .back: back()
        case .move(let movement) where view == .keys: return moveInKeys(movement)
        case .move(let movement): move(movement)
        case .nextPanel: stepPanel(1)
        case .previousPanel: stepPanel(-1)
        case .nextColumn: changeSort { $0.step(1) }
        case .previousColumn: changeSort { $0.step(-1) }
        case .sort: sortBy(argument)
        case .invert: changeSort { $0.isInverted.toggle() }
        case .graph: showGraph(argument)
        case .nextGraph: graphKind = graphKind.stepped(1)
        case .previousGraph: graphKind = graphKind.stepped(-1)
        case .zoom(let direction): zoomGraph(direction)
        case .graphSet: useGraphSet(argument)
        case .theme: return useTheme(argument)
        case .faster: stepRefresh(-1)
        case .slower: stepRefresh(1)
        case .refresh: refresh(argument)
        case .pause: togglePause()
        case .copy: return copySelection()
        case .mouse: return useMouse(argument)
        case .redraw: return [.redraw]
        }
        return []
    }

    /// Begins to type something, from what it is now.
    private mutating func ask(_ prompt: Prompt, _ text: String) {
        input = .prompt(prompt, LineEditor(text))
        notice = nil
    }

    private mutating func notHere(_ command: String, _ views: String) -> [ConsoleAction] {
        say("\(command) belongs to \(views)", .warning)
        return []
    }

    private mutating func quit() -> [ConsoleAction] {
        let embedded = embeddedRunning
        guard embedded > 0 else { return [.quit] }
        overlay = .confirm(.quit(embedded: embedded))
        return []
    }

    /// Starts without asking: it takes nothing away.
    private mutating func start(_ argument: String) -> [ConsoleAction] {
        let targets = self.targets(argument)
        guard !targets.isEmpty else { return [] }
        let nodes = targets.flatMap(\.nodes).filter { !$0.state.serves && $0.state != .starting }
        guard !nodes.isEmpty else {
            say("\(names(targets)) already \(targets.count == 1 ? "runs" : "run")")
            return []
        }
        let addresses = unique(nodes)
        begin(.start, addresses)
        say("starting \(addresses.count == 1 ? addresses[0] : NumberFormat.counted(addresses.count, "node"))")
        return [.start(addresses)]
    }

    private mutating func stop(_ argument: String) {
        let targets = self.targets(argument)
        guard let first = targets.first, let shards = snapshot?.status.shards else { return }
        let nodes = targets.flatMap(\.nodes).filter { $0.state.serves || $0.state == .starting }
        guard !nodes.isEmpty else {
            say("\(names(targets)) \(targets.count == 1 ? "is" : "are") not running")
            return
        }
        let addresses = unique(nodes)
        let count = NumberFormat.counted(addresses.count, "node")
        let title: String
        switch first {
        case .node where targets.count == 1: title = Self.name(of: first.id)
        case .cluster(let status): title = "cluster \(status.cluster) (\(count))"
        default: title = targets.count > Self.namedMax ? count : "\(names(targets)) (\(count))"
        }
        overlay = .confirm(.stop(title, addresses: addresses, shards: shards))
    }

    /// Notes what was asked for, so that the rows show it until the status does.
    mutating func begin(_ verb: Operation.Verb, _ addresses: [String]) {
        for address in addresses { operations[address] = Operation(verb: verb, since: clock.milliseconds) }
    }

    /// The rows named by an argument, or the selected one; says so and is empty if a name is unknown.
    mutating func targets(_ argument: String) -> [TableRow] {
        let names = argument.split(separator: " ").map(String.init)
        if names.isEmpty {
            guard view.isOfRows else {
                say("say which: a node's address or a shard's name after the command", .warning)
                return []
            }
            let marked = markedRows
            if !marked.isEmpty { return marked }
            if let row = row(pointed) { return [row] }
            say("no status of the cluster yet", .warning)
            return []
        }
        var rows: [TableRow] = []
        for name in names {
            guard let row = self.row(.shard(name)) ?? self.row(.node(name)) else {
                say("no node or shard \"\(name)\" in this cluster; Tab completes names", .error)
                return []
            }
            rows.append(row)
        }
        return rows
    }

    /// Rows that a title names.
    private static let namedMax = 2

    private func names(_ rows: [TableRow]) -> String { rows.map { Self.name(of: $0.id) }.joined(separator: ", ") }

    private func unique(_ nodes: [NodeStatus]) -> [String] {
        var seen: Set<String> = []
        return nodes.map(\.address).filter { seen.insert($0).inserted }
    }

    /// One step towards the plain dashboard; never further.
    mutating func back() {
        if view == .slots { return backFromSlots() }
        if view.isOfRows, !marked.isEmpty {
            marked = []
        } else if view != .dashboard {
            goBack()
        } else if detail != nil {
            detail = nil
        } else if graphShift > 0 || eventsShift > 0 {
            graphShift = 0
            eventsShift = 0
        } else if focus != .table {
            focus = .table
        } else if !filter.isEmpty {
            setFilter("")
        }
    }

    /// Whether Esc would do something: what its hint depends on.
    var canGoBack: Bool {
        view != .dashboard || detail != nil || graphShift > 0 || eventsShift > 0 || focus != .table || !filter.isEmpty
            || !marked.isEmpty
    }

    mutating func setFilter(_ text: String) {
        filter = text
        refreshRows()
    }

    private mutating func changeSort(_ change: (inout TableSort) -> Void) {
        change(&sort)
        refreshRows()
        let name = sort.column == .config ? "the config's order" : sort.column.rawValue
        say("sorted by \(name)\(sort.isInverted ? ", inverted" : "")")
    }

    private mutating func sortBy(_ argument: String) {
        guard !argument.isEmpty else { return changeSort { $0 = TableSort() } }
        guard let column = TableSort.Column(rawValue: argument) else {
            let known = TableSort.Column.allCases.map(\.rawValue).joined(separator: ", ")
            return say("no column \"\(argument)\"; there are \(known)", .error)
        }
        changeSort { $0 = TableSort(column: column) }
    }

    private mutating func showGraph(_ argument: String) {
        guard !argument.isEmpty else { return graphKind = graphKind.stepped(1) }
        guard let kind = GraphKind(rawValue: argument) else {
            let known = GraphKind.allCases.map(\.rawValue).joined(separator: ", ")
            return say("no graph \"\(argument)\"; there are \(known)", .error)
        }
        graphKind = kind
    }

    private mutating func stepRefresh(_ direction: Int) {
        let steps = ConsoleOptions.refreshSteps
        let next =
            direction < 0
            ? steps.last { $0 < refreshMilliseconds } ?? steps[0]
            : steps.first { $0 > refreshMilliseconds } ?? steps[steps.count - 1]
        setRefresh(next)
    }

    private mutating func refresh(_ argument: String) {
        guard !argument.isEmpty else { return showWaiting() }
        guard let milliseconds = Self.milliseconds(seconds: argument), (250...60_000).contains(milliseconds) else {
            return say("\"\(argument)\" is no refresh rate; give seconds from 0.25 to 60", .error)
        }
        setRefresh(milliseconds)
    }

    private mutating func setRefresh(_ milliseconds: Int) {
        refreshMilliseconds = milliseconds
        let seconds = milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000)" : "\(Double(milliseconds) / 1_000)"
        say("refreshed every \(seconds) s")
    }

    private static func milliseconds(seconds: String) -> Int? {
        guard let value = Double(seconds), value.isFinite, (0...1_000).contains(value) else { return nil }
        return Int((value * 1_000).rounded())
    }

    private mutating func togglePause() {
        isPaused.toggle()
        pausedAtSecond = isPaused ? history.newestSecond : nil
        if !isPaused { showWaiting() }
    }
}
