import Model
import Server
import Terminal

/// Sentences for `PlainConsole`.
enum PlainText {
    /// Events that `events` lists: the newest.
    private static let eventsListed = 20
    /// Keys that `scan` lists at once.
    private static let keysListed = 100

    /// What makes sense without a screen; the rest of the table moves things on one.
    static func isForLines(_ handler: ConsoleCommand.Handler) -> Bool {
        switch handler {
        case .quit, .help, .start, .stop, .switchover, .restart, .scan, .get, .put, .delete: true
        case .view(let view): view == .dashboard || view == .shard || view == .node || view == .events
        default: false
        }
    }

    /// Why there is no such command here.
    static func unknown(_ name: String, isReadOnly: Bool) -> String {
        let all = CommandTable(isReadOnly: false, canCopy: false)
        guard let command = all.commands.first(where: { $0.name == name }) else {
            return "no command \"\(name)\"; help lists those there are"
        }
        if isReadOnly, command.isMutating { return "no command \"\(name)\" here: this console is read-only" }
        return notHere(command)
    }

    /// Where to go with a command that only a screen has.
    static func notHere(_ command: ConsoleCommand) -> String {
        switch command.handler {
        case .reshard, .reshardPause, .reshardCancel, .reshardRate:
            "\(command.name) is for the screen; as lines, its steps are those of shoal reshard"
        case .expire: "\(command.name) is for the screen; as a line it is shoal expire KEY SECONDS"
        case .edit: "\(command.name) is for the screen; put writes the whole value"
        default: "\(command.name) is for the screen; help lists what there is here"
        }
    }

    /// The word that answers a question.
    static func yes(_ dialog: ConfirmDialog) -> String {
        guard let typed = dialog.typed else { return "yes" }
        return typed.isEnd ? "how it ends, \(typed.text)" : typed.text
    }

    static func help(_ table: CommandTable) -> [String] {
        let commands = table.commands.filter { isForLines($0.handler) }.map { command in
            let argument = command.argument == .none ? "" : " \(command.argument.placeholder)"
            return "\(command.name)\(argument): \(command.description)"
        }
        return ["\(PlainConsole.statusWord): how the cluster is"] + commands
    }

    /// `3 of 4 nodes running, 1,200 keys, 450 reads and 150 writes a second`.
    static func summary(_ status: ClusterStatus) -> String {
        let nodes = status.shards.flatMap(\.nodes)
        let running = nodes.count { $0.state == .running }
        let keys = "\(NumberFormat.full(status.keys)) \(status.keys == 1 ? "key" : "keys")"
        let rates = status.opsPerSecond
        return "\(running) of \(NumberFormat.counted(nodes.count, "node")) running, \(keys), "
            + "\(NumberFormat.full(rates.read)) reads and \(NumberFormat.full(rates.write)) writes a second"
    }

    /// A line for the cluster, and one for each node.
    static func status(_ state: ConsoleState) -> [String] {
        guard let status = state.snapshot?.status else { return ["no status of the cluster yet"] }
        var lines = [SafeText.display("cluster \(status.cluster): \(summary(status))")]
        for reason in status.health.reasons {
            lines.append(SafeText.display("\(reason.severity.rawValue): \(reason.text); \(reason.action)"))
        }
        for shard in status.shards {
            lines.append(
                SafeText.display(
                    "\(shard.name): \(NumberFormat.counted(shard.slots, "slot")), \(NumberFormat.full(shard.keys)) keys"
                )
            )
            for node in shard.nodes {
                let lag = node.role == .replica && node.state.serves ? ", \(node.lag.milliseconds) ms behind" : ""
                let why = node.message.isEmpty ? "" : ": \(node.message)"
                lines.append(
                    SafeText.display(
                        "\(shard.name): \(node.address) is \(node.role.rawValue), \(node.state.rawValue)\(lag)\(why)"
                    )
                )
            }
        }
        return lines + (state.firstSteps ?? [])
    }

    static func events(_ state: ConsoleState) -> [String] {
        guard !state.events.newest.isEmpty else { return ["no events yet"] }
        return state.events.newest.suffix(eventsListed).map { line(of: $0, state.clock) }
    }

    /// `10:14:05 warning: 127.0.0.2:8080 is behind`.
    static func line(of event: ClusterEvent, _ clock: ConsoleClock) -> String {
        let time = NumberFormat.timeOfDay(unixSeconds: event.unixSeconds, utcOffsetSeconds: clock.utcOffsetSeconds)
        let gravity =
            switch event.severity {
            case .info, .success: ""
            case .warning: "warning: "
            case .error: "error: "
            }
        return SafeText.display("\(time) \(gravity)\(event.text)")
    }

    static func value(_ value: KeyValue) -> [String] {
        let name = KeyText.name(of: value.key)
        guard let bytes = value.bytes else { return ["there is no key \(name)"] }
        let shown = SafeText.display(bytes: bytes, limit: KeyValue.shownMax)
        let rest = value.count > bytes.count ? " (the first \(NumberFormat.full(bytes.count)) bytes)" : ""
        return ["\(name) has \(NumberFormat.counted(value.count, "byte"))\(rest):", shown]
    }

    static func page(_ page: KeysPage) -> [String] {
        var lines = page.keys.prefix(keysListed).map { KeyText.name(of: $0) }
        if page.keys.isEmpty, page.missing.isEmpty { lines.append("no such keys") }
        if page.keys.count > keysListed || !page.isLast {
            lines.append("and more: give a longer prefix, or use shoal scan")
        }
        for (shard, why) in page.missing.sorted(by: { $0.key < $1.key }) {
            lines.append(SafeText.display("keys of \(shard) are missing: \(why)"))
        }
        return lines
    }

    /// For a terminal that shows nothing but ASCII.
    static func ascii(_ text: String) -> String {
        var safe = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case _ where scalar.isASCII: safe.unicodeScalars.append(scalar)
            case "…": safe += "..."
            case "–", "—": safe += "-"
            case "·": safe += "|"
            default: safe += SafeText.escape(scalar)
            }
        }
        return safe
    }
}
