import Model

/// The order of shards, and of the nodes within each.
package struct TableSort: Hashable, Sendable {
    /// What can be sorted by, in the order `>` walks through them.
    package enum Column: String, CaseIterable, Sendable {
        case config, name, state, keys, size, read, write, lag, p99, uptime
    }

    package var column = Column.config
    /// Numbers are more useful from the top: they start descending.
    package var isInverted = false

    package init(column: Column = .config, isInverted: Bool = false) {
        self.column = column
        self.isInverted = isInverted
    }

    /// Steps to the next (`1`) or previous (`-1`) column, around the end.
    package mutating func step(_ direction: Int) {
        let all = Column.allCases
        let index = all.firstIndex(of: column) ?? 0
        column = all[(index + direction + all.count) % all.count]
        isInverted = false
    }

    package var isDescending: Bool {
        switch column {
        case .config, .name, .state: isInverted
        case .keys, .size, .read, .write, .lag, .p99, .uptime: !isInverted
        }
    }

    func sorted(_ shards: [ClusterStatus.Shard]) -> [ClusterStatus.Shard] {
        switch column {
        case .config: isInverted ? shards.reversed() : shards
        case .name: ordered(shards) { isBefore($0.name, $1.name) }
        case .state: ordered(shards) { isBefore(worstState($0.nodes), worstState($1.nodes)) }
        case .keys, .size, .read, .write, .lag, .p99, .uptime: ordered(shards) { isBefore(number($0), number($1)) }
        }
    }

    func sorted(_ nodes: [NodeStatus]) -> [NodeStatus] {
        switch column {
        case .config: isInverted ? nodes.reversed() : nodes
        case .name: ordered(nodes) { isBefore($0.address, $1.address) }
        case .state: ordered(nodes) { isBefore(worstState([$0]), worstState([$1])) }
        case .keys, .size, .read, .write, .lag, .p99, .uptime: ordered(nodes) { isBefore(number($0), number($1)) }
        }
    }

    private func isBefore<Value: Comparable>(_ left: Value, _ right: Value) -> Bool {
        isDescending ? left > right : left < right
    }

    /// A stable sort, so that rows with equal values don't swap from one second to the next.
    private func ordered<Value>(_ values: [Value], by areInOrder: (Value, Value) -> Bool) -> [Value] {
        values.enumerated().sorted { left, right in
            if areInOrder(left.element, right.element) { return true }
            if areInOrder(right.element, left.element) { return false }
            return left.offset < right.offset
        }.map(\.element)
    }

    /// Lower is worse: trouble comes first.
    private func worstState(_ nodes: [NodeStatus]) -> Int {
        nodes.map { node in
            switch node.state {
            case .failed: 0
            case .unreachable: 1
            case .stopped: 2
            case .starting: 3
            case .syncing: 4
            case .running: 5
            }
        }.min() ?? 0
    }

    private func number(_ shard: ClusterStatus.Shard) -> Int {
        switch column {
        case .keys: shard.keys
        case .size: shard.bytes
        case .read: shard.nodes.reduce(.init()) { $0 + $1.opsPerSecond }.read
        case .write: shard.nodes.reduce(.init()) { $0 + $1.opsPerSecond }.write
        default: shard.nodes.map(number).max() ?? 0
        }
    }

    private func number(_ node: NodeStatus) -> Int {
        switch column {
        case .keys: node.keys
        case .size: node.bytes
        case .read: node.opsPerSecond.read
        case .write: node.opsPerSecond.write
        case .lag: node.lag.milliseconds
        case .p99: max(node.latencyMicroseconds.read.p99, node.latencyMicroseconds.write.p99)
        case .uptime: node.uptimeSeconds
        case .config, .name, .state: 0
        }
    }
}
