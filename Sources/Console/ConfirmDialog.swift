import Server
import Terminal

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

    /// What came of a key.
    enum Outcome {
        case open
        case cancelled
        /// Enter, without the name that had to be typed.
        case notTyped(String)
        case agreed
    }

    mutating func press(_ key: Key) -> Outcome {
        if typed != nil, key != .enter, key != .escape {
            type(key)
            return .open
        }
        switch key {
        case .escape: return .cancelled
        case .left, .right, .tab, .backTab, .character("h"), .character("l"): isConfirmFocused.toggle()
        case .enter:
            if isConfirmFocused, isAllowed { return .agreed }
            guard let typed, !typed.editor.isEmpty, !typed.isRight else { return .cancelled }
            return .notTyped(typed.text)
        default: break
        }
        return .open
    }

    /// Letters go into the name; whoever has typed it stands on the button.
    private mutating func type(_ key: Key) {
        switch key {
        case .tab, .backTab: if isAllowed { isConfirmFocused.toggle() }
        default:
            typed?.editor.press(key)
            isConfirmFocused = isAllowed
        }
    }

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

    /// The question before nodes are stopped.
    /// - Parameters:
    ///   - title: what is stopped, in words.
    ///   - addresses: those of it that run.
    ///   - shards: as they are now.
    static func stop(_ title: String, addresses: [String], shards: [ClusterStatus.Shard]) -> ConfirmDialog {
        let nodes = shards.flatMap(\.nodes).filter { addresses.contains($0.address) }
        var lines: [String] = []
        if nodes.count > 1 {
            let areOfSeveral = Set(nodes.map(\.shard)).count > 1
            lines = nodes.prefix(listed).map {
                "\($0.address)  \($0.role.rawValue)\(areOfSeveral ? " of \($0.shard)" : "")"
            }
            if nodes.count > listed { lines.append("and \(nodes.count - listed) more") }
        } else if let node = nodes.first {
            lines = ["\(node.role == .leader ? "Leader" : "Replica") of \(node.shard)."]
        }
        lines += effects(of: addresses, on: shards)
        lines.append("Files are closed; the addresses still answer status.")
        lines.append("No keys are lost.")
        return ConfirmDialog(title: "Stop \(title)", lines: lines, verb: "Stop", action: .stop(addresses))
    }

    /// What clients will see of it, a sentence for each kind of effect.
    private static func effects(of addresses: [String], on shards: [ClusterStatus.Shard]) -> [String] {
        let it = addresses.count == 1 ? "it starts" : "they start"
        var (silent, refusing, taken, whole): ([String], [String], [String], [String]) = ([], [], [], [])
        for shard in shards where shard.nodes.contains(where: { addresses.contains($0.address) }) {
            let left = shard.nodes.filter { $0.state.serves && !addresses.contains($0.address) }
            let stopsLeader = shard.runningLeader.map { addresses.contains($0.address) } ?? true
            if left.isEmpty {
                silent.append(shard.name)
            } else if !stopsLeader {
                whole.append(shard.name)
            } else if left.contains(where: { shard.blocker(of: $0) == nil }) {
                taken.append(shard.name)
            } else {
                refusing.append(shard.name)
            }
        }
        func names(_ shards: [String]) -> String {
            guard let last = shards.last, shards.count > 1 else { return shards.first ?? "" }
            guard shards.count <= listed else { return "\(shards.count) shards" }
            return "\(shards.dropLast().joined(separator: ", ")) and \(last)"
        }
        var lines: [String] = []
        if silent.count == shards.count, shards.count > 1 {
            lines.append("Until \(it) again, the cluster answers no reads and no writes.")
        } else if !silent.isEmpty {
            lines.append(
                "Until \(it) again, \(names(silent)) \(silent.count == 1 ? "answers" : "answer") no reads and no writes."
            )
        }
        if !refusing.isEmpty { lines.append("Until \(it) again, writes to \(names(refusing)) are refused.") }
        if !taken.isEmpty { lines.append("A replica takes over \(names(taken)) first: no request fails.") }
        if !whole.isEmpty {
            let what = addresses.count == 1 ? "without this replica" : "with fewer copies"
            lines.append("\(names(whole)) \(whole.count == 1 ? "goes" : "go") on \(what).")
        }
        return lines
    }

    /// A dialog must fit on a small screen.
    private static let listed = 6
}
