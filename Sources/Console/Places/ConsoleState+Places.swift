import Server

extension ConsoleState {
    /// The row that keys act on: the opened one, in a shard's own view the selected one of its nodes.
    var pointed: RowID { view == .shard ? selection : detail ?? selection }

    /// The shard whose view is shown.
    var shownShard: String? {
        if view == .shard, case .shard(let name)? = detail { name } else { nil }
    }

    /// The node that is to be asked for its details, since somebody looks at it.
    var wantsNode: String? {
        switch view {
        case .node: if case .node(let address)? = detail { address } else { nil }
        // The leader's log and engine are the shard's.
        case .shard: snapshot?.status.shards.first { $0.name == shownShard }?.runningLeader?.address
        default: nil
        }
    }

    /// A view of its own accord, by its number or its name: Esc leads to the dashboard from there.
    mutating func show(_ view: ConsoleView, _ argument: String) {
        switch view {
        case .shard, .node: showRow(view, argument)
        default:
            trail = []
            self.view = view
        }
    }

    private mutating func showRow(_ view: ConsoleView, _ argument: String) {
        let words = argument.split(separator: " ").map(String.init)
        guard words.count < 2 else { return say("\(view) takes one name", .error) }
        guard let shards = snapshot?.status.shards, !shards.isEmpty else {
            return say("no status of the cluster yet", .warning)
        }
        var id = detail ?? selection
        if let word = words.first {
            id = .node(word)
            if row(id) == nil { id = .shard(word) }
            guard row(id) != nil else {
                return say("no node or shard \"\(word)\" in this cluster; Tab completes names", .error)
            }
        }
        guard let found = view == .shard ? shard(around: id, shards) : node(around: id, shards) else { return }
        trail = []
        go(to: found)
    }

    private func shard(around id: RowID, _ shards: [ClusterStatus.Shard]) -> RowID? {
        switch id {
        case .cluster: shards.first.map { .shard($0.name) }
        case .shard: id
        case .node(let address): owner(of: address).map { .shard($0) }
        }
    }

    /// The node itself; of a shard, the one that leads it.
    private func node(around id: RowID, _ shards: [ClusterStatus.Shard]) -> RowID? {
        let shard: ClusterStatus.Shard?
        switch id {
        case .cluster: shard = shards.first
        case .shard(let name): shard = shards.first { $0.name == name }
        case .node: return id
        }
        return (shard?.runningLeader ?? shard?.nodes.first).map { .node($0.address) }
    }

    /// The name of the shard that a node is of.
    func owner(of address: String) -> String? {
        snapshot?.status.shards.first { $0.nodes.contains { $0.address == address } }?.name
    }

    /// Enter: into the row, and remembers the way back.
    mutating func open(_ argument: String) {
        // Marks are for what is done to several rows; one looks at the row under the cursor.
        guard let row = argument.isEmpty ? row(pointed) : targets(argument).first else {
            return argument.isEmpty ? say("no status of the cluster yet", .warning) : ()
        }
        let isThere = row.id == detail && (view != .dashboard || row.id == .cluster)
        guard !isThere else { return }
        let here = Place(view: view, detail: detail, selection: selection)
        if row.id != .cluster { trail.append(here) }
        if trail.count > Self.trailMax { trail.removeFirst() }
        go(to: row.id)
    }

    /// Nobody finds back further than that; names typed after `:open` could go on for ever.
    private static let trailMax = 16

    private mutating func go(to id: RowID) {
        switch id {
        case .cluster: view = .dashboard
        case .shard: view = .shard
        case .node: view = .node
        }
        // In the events or the graph, Enter opens what they belong to: the selected row.
        detail = id
        selection = id
        detailTop = 0
        focus = .table
        refreshRows()
    }

    /// Esc: one step back within the view, then to where Enter came from, at last to the dashboard.
    mutating func goBack() {
        if graphShift > 0 || eventsShift > 0 {
            graphShift = 0
            eventsShift = 0
        } else if view.isOfRows, focus != .table {
            focus = .table
        } else {
            leave()
        }
    }

    /// Back to where Enter came from, or to the dashboard.
    mutating func leave() {
        let place = trail.popLast() ?? Place(view: .dashboard, detail: nil, selection: detail ?? selection)
        view = place.view
        detail = place.detail
        selection = place.selection
        detailTop = 0
        refreshRows()
    }

    /// A row that is open belongs to its own view; other views leave nothing open behind them.
    mutating func settlePlace() {
        switch (view, detail) {
        case (.dashboard, .shard?), (.dashboard, .node?): detail = nil
        default: break
        }
        if view == .dashboard { trail = [] }
    }

    /// The lines of the shard's own details, below its nodes.
    var shardFieldLines: [[DetailText.Field]] {
        guard let id = detail, case .shard(let shard)? = row(id) else { return [] }
        return DetailText.lines(DetailText.shard(shard, details), width: width)
    }
}
