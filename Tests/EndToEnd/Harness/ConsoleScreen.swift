/// What a user reads off the dashboard: rows by name, figures by the title of their column.
struct ConsoleScreen {
    let lines: [[Character]]

    init(_ lines: [String]) { self.lines = lines.map(Array.init) }

    var text: String { lines.map { String($0) }.joined(separator: "\n") }

    /// The table's row of a node, or of a shard by the start of its label.
    func row(_ name: String) -> [Character]? {
        guard let header else { return nil }
        let rows = lines[(header + 1)...].prefix { !$0.starts(with: "├─") }
        return rows.first { String($0).contains(" \(name) ") }
    }

    /// A right-aligned figure ends where its title ends.
    func figure(_ title: String, of name: String) -> String? {
        guard let header, let row = row(name), let end = end(of: title, in: lines[header]), end <= row.count else {
            return nil
        }
        let figure = row[..<end].reversed().prefix { $0 != " " && $0 != "│" }
        return String(figure.reversed())
    }

    /// The graph's part of the screen.
    var graph: String {
        guard let first = lines.firstIndex(where: { String($0).contains("Requests per second") }) else { return "" }
        let rows = lines[(first + 1)...].prefix { !String($0).contains("─ Events") }
        return rows.map { String($0) }.joined(separator: "\n")
    }

    /// Dots of all braille cells: how much is drawn.
    var graphDots: Int {
        graph.unicodeScalars.reduce(0) { sum, scalar in
            (0x2800...0x28ff).contains(scalar.value) ? sum + (scalar.value - 0x2800).nonzeroBitCount : sum
        }
    }

    private var header: Int? {
        lines.firstIndex { line in
            let text = String(line)
            return text.contains(" NAME") && text.contains(" STATE")
        }
    }

    private func end(of title: String, in header: [Character]) -> Int? {
        let wanted = Array(" " + title)
        guard header.count >= wanted.count else { return nil }
        return (0...(header.count - wanted.count)).first { header[$0...].starts(with: wanted) }.map {
            $0 + wanted.count
        }
    }
}
