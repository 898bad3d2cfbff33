import Server

/// A question that names target and effect; Cancel has the focus until the user moves it.
package struct ConfirmDialog: Hashable, Sendable {
    package var title: String
    package var lines: [String]
    /// The word on the button that does it: `Stop`, `Quit`.
    package var verb: String
    /// What is done when the user agrees.
    package var action: ConsoleAction
    package var isConfirmFocused = false
    /// For what loses data: the name that has to be typed first.
    package var typed: TypedName?

    package init(title: String, lines: [String], verb: String, action: ConsoleAction, typed: TypedName? = nil) {
        self.title = title
        self.lines = lines
        self.verb = verb
        self.action = action
        self.typed = typed
    }

    /// Whether the button that does it can be pressed.
    package var isAllowed: Bool { typed?.isRight ?? true }

    /// The question before the console, and what runs in it, ends.
    static func quit(embedded count: Int) -> ConfirmDialog {
        ConfirmDialog(
            title: "Quit",
            lines: [
                "\(NumberFormat.counted(count, "node")) \(count == 1 ? "runs" : "run") inside this console and "
                    + "\(count == 1 ? "stops" : "stop") with it.",
                "No keys are lost: they are there at the next start.",
            ],
            verb: "Quit",
            action: .quit
        )
    }

    /// The question before a shard's leader is changed.
    static func switchOver(shard: String, from leader: String, to target: String) -> ConfirmDialog {
        ConfirmDialog(
            title: "Switchover of \(shard)",
            lines: [
                "Change the leader of \(shard) from \(leader) to \(target).",
                "Writes are held for some milliseconds and redirected.",
                "No writes are lost.",
            ],
            verb: "Switch over",
            action: .switchOver(shard: shard, to: target)
        )
    }

    /// The question before the nodes of `row` are stopped; `addresses` are those that run.
    static func stop(_ row: TableRow, addresses: [String]) -> ConfirmDialog {
        var lines: [String] = []
        let running = row.nodes.filter { addresses.contains($0.address) }
        switch row {
        case .node(let node, _):
            lines.append("\(node.role == .leader ? "Leader" : "Replica") of \(node.shard).")
            lines.append(
                node.role == .leader
                    ? "Until it starts again, writes to \(node.shard) are refused."
                    : "\(node.shard) goes on without this replica."
            )
        case .shard(let shard):
            lines += running.prefix(listed).map { "\($0.address)  \($0.role.rawValue)" }
            lines.append("Until it starts again, \(shard.name) answers no reads and no writes.")
        case .cluster:
            lines += running.prefix(listed).map { "\($0.address)  \($0.role.rawValue) of \($0.shard)" }
            lines.append("Until they start again, the cluster answers no reads and no writes.")
        }
        if running.count > listed, case .node = row {
        } else if running.count > listed {
            lines.insert("and \(running.count - listed) more", at: listed)
        }
        lines.append("Files are closed; the addresses still answer status.")
        lines.append("No keys are lost.")
        return ConfirmDialog(
            title: stopTitle(row, count: addresses.count),
            lines: lines,
            verb: "Stop",
            action: .stop(addresses)
        )
    }

    /// A dialog must fit on a small screen.
    private static let listed = 6

    private static func stopTitle(_ row: TableRow, count: Int) -> String {
        switch row {
        case .node(let node, _): "Stop \(node.address)"
        case .shard(let shard): "Stop \(shard.name) (\(NumberFormat.counted(count, "node")))"
        case .cluster(let status): "Stop cluster \(status.cluster) (\(NumberFormat.counted(count, "node")))"
        }
    }
}
