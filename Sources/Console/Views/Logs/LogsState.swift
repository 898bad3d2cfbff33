/// What the nodes in this process log, and where the user is in it.
package struct LogsState: Sendable {
    /// Oldest first; at most `LogBook.linesMax`.
    package private(set) var lines: [LogLine] = []
    package private(set) var feed = FeedView()
    /// The least level that is shown.
    package private(set) var level = LogLine.Level.debug

    /// As far as level and filter show it.
    var shownLines: [LogLine] { lines.filter { $0.level >= level && feed.matches($0.text) } }

    mutating func receive(_ new: [LogLine]) {
        guard !new.isEmpty else { return }
        lines += new
        if lines.count > LogBook.linesMax { lines.removeFirst(lines.count - LogBook.linesMax) }
        feed.keepPlace(new.count { $0.level >= level && feed.matches($0.text) })
    }

    mutating func move(_ movement: ConsoleCommand.Movement, _ context: ViewContext) {
        // A line above them says where the logs of the others are.
        let others = context.snapshot?.headless.isEmpty == false ? 1 : 0
        let page = max(1, ViewLayout(height: context.height).body.count - others)
        feed.move(movement, page: page, count: shownLines.count)
    }

    mutating func back() -> [ViewEffect] { feed.back() ? [] : [.leave] }

    /// `/`
    mutating func find(_ text: String) { feed.find(text) }

    /// `v`, `:level LEVEL`.
    mutating func show(level argument: String) -> [ViewEffect] {
        let all = LogLine.Level.allCases
        if argument.isEmpty {
            let index = all.firstIndex(of: level) ?? 0
            level = all[(index + 1) % all.count]
        } else if let named = all.first(where: { $0.name == argument }) {
            level = named
        } else {
            return [.say("no level \"\(argument)\"; there are \(all.map(\.name).joined(separator: ", "))", .error)]
        }
        feed.shift = 0
        return []
    }
}
