import Model
import Terminal

/// What somebody could do next whose cluster is not running, or is empty: in words, for the dashboard.
struct FirstSteps {
    /// Nodes that were to start by themselves have had no time to.
    private static let startMilliseconds = 5_000

    let snapshot: ClusterSnapshot
    let options: ConsoleOptions
    /// Keys can be pressed.
    let hasScreen: Bool
    /// Milliseconds since the console began.
    let age: Int

    /// nil where the screen has something else to show.
    init?(_ state: ConsoleState) {
        guard state.view == .dashboard, state.list.detail == nil, let snapshot = state.snapshot,
            state.nodes.operations.isEmpty
        else { return nil }
        self.snapshot = snapshot
        options = state.options
        hasScreen = state.hasScreen
        age = state.clock.milliseconds - (state.startedAt ?? state.clock.milliseconds)
    }

    /// nil when there is something to see, or something on its way.
    var lines: [String]? {
        let nodes = snapshot.status.shards.flatMap(\.nodes)
        if nodes.isEmpty { return nil }
        // One that failed says why in its row, which is what to read then.
        if nodes.allSatisfy({ $0.state == .stopped || $0.state == .unreachable }) {
            return options.startsNodes && age < Self.startMilliseconds ? nil : stepsToRun(snapshot.status)
        }
        guard runs, snapshot.status.keys == 0, snapshot.status.opsPerSecond.total == 0 else { return nil }
        return stepsToWrite(snapshot.status)
    }

    private var runs: Bool { snapshot.status.shards.contains { $0.nodes.contains { $0.state == .running } } }

    /// The same in one line of the smallest screen: a command that is cut short there would be typed as it stands.
    func short(width: Int) -> String? {
        guard let steps = lines else { return nil }
        if !options.isReadOnly { return runs ? "First key: :put user:1 Ada" : "s starts them in this console" }
        let step =
            runs
            ? "From a shell: \(ShellCommand.shoal("put", options)) user:1 Ada"
            : "To run it: \(ShellCommand.shoal("console", options, data: true)) --start"
        return SafeText.width(step) <= width - 4 ? step : steps.first
    }

    private func stepsToRun(_ status: ClusterStatus) -> [String] {
        guard let shard = status.shards.first, let node = shard.nodes.first else { return [] }
        var steps = ["No node of this cluster runs."]
        let start =
            hasScreen
            ? "Press s to start them in this console, all or the selected one."
            : "start starts them in this console, all or those that you name."
        if !options.isReadOnly { steps.append(start) }
        steps.append("From a shell, all at once: \(ShellCommand.shoal("console", options, data: true)) --start")
        // That one would use the config's folder.
        guard options.dataDirectory == nil else { return steps }
        let which = "--shard \(shard.name) --http-address \(node.address)"
        steps.append("As a process of its own: \(ShellCommand.shoal("node", options)) \(which)")
        return steps
    }

    private func stepsToWrite(_ status: ClusterStatus) -> [String] {
        let leader = status.shards.flatMap(\.nodes).first { $0.state == .running && $0.role == .leader }
        guard let address = leader?.address else { return ["All is empty yet."] }
        var steps = ["All is empty yet."]
        if !options.isReadOnly { steps.append("A first key from here: :put user:1 Ada") }
        let parts = address.split(separator: ":")
        if parts.count == 2 { steps.append("From a shell: redis-cli -c -h \(parts[0]) -p \(parts[1]) set user:1 Ada") }
        steps.append("or: curl -L 'http://\(address)/put?key=user:1&value=Ada'")
        return steps
    }
}
