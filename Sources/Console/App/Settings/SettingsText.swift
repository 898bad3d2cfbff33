import Terminal

/// Settings as the text of their file: a name, a space and a value in each line, `#` before a remark.
package enum SettingsText {
    /// Bounds of what a file may bring along: a broken or hostile one must cost nothing.
    static let historyMax = 100
    static let unknownMax = 50
    static let lineBytesMax = 4 * LineEditor.limit + 64

    private static let heading =
        "# What the console of Shoal remembers. It writes this file; without it, it begins as the first time.\n"

    package static func text(of settings: ConsoleSettings) -> String {
        var lines: [(String, String?)] = [
            ("theme", settings.theme), ("graph-set", settings.graphSet?.rawValue),
            ("sort", settings.sort.map { $0.column.rawValue + ($0.isInverted ? " inverted" : "") }),
            ("refresh-milliseconds", settings.refreshMilliseconds.map { "\($0)" }),
            ("mouse", settings.isMouseOn.map { $0 ? "on" : "off" }), ("panel", settings.panel.map { "\($0)" }),
            ("graph", settings.graph?.rawValue), ("graph-step-seconds", settings.secondsPerStep.map { "\($0)" }),
        ]
        lines += settings.history.suffix(historyMax).map { ("history", $0) }
        let known = lines.compactMap { name, value in value.map { "\(name) \($0)" } }
        let all = (known + settings.unknown.prefix(unknownMax)).filter { !$0.unicodeScalars.contains("\n") }
        return heading + all.map { $0 + "\n" }.joined()
    }

    /// Reads a file. What is wrong with it is told once, with the line, and leaves that setting as it is by default.
    package static func settings(of bytes: [UInt8]) -> (settings: ConsoleSettings, problem: String?) {
        var settings = ConsoleSettings()
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            return (settings, "1: this is no text")
        }
        var problem: String?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty, line.first != "#" else { continue }
            let words = line.split(separator: " ", maxSplits: 1)
            let value = words.count > 1 ? String(words[1]) : ""
            guard line.utf8.count <= lineBytesMax, let name = words.first else {
                problem = problem ?? "\(index + 1): this line is no setting"
                continue
            }
            if !take(String(name), value, into: &settings, line: String(line)) {
                problem = problem ?? "\(index + 1): '\(SafeText.truncated(value, to: 24))' is no value of \(name)"
            }
        }
        return (settings, problem)
    }

    /// False if the value is none of the setting.
    private static func take(
        _ name: String,
        _ value: String,
        into settings: inout ConsoleSettings,
        line: String
    ) -> Bool {
        switch name {
        case "theme":
            guard !value.isEmpty else { return false }
            settings.theme = value
        case "graph-set": return set(&settings.graphSet, GraphSet(rawValue: value))
        case "sort": return set(&settings.sort, sort(value))
        case "refresh-milliseconds":
            return set(&settings.refreshMilliseconds, Int(value).flatMap { (250...60_000).contains($0) ? $0 : nil })
        case "mouse": return set(&settings.isMouseOn, value == "on" ? true : value == "off" ? false : nil)
        case "panel": return set(&settings.panel, ConsolePanel.allCases.first { "\($0)" == value })
        case "graph": return set(&settings.graph, GraphKind(rawValue: value))
        case "graph-step-seconds":
            return set(&settings.secondsPerStep, GraphSettings.steps.first { "\($0)" == value })
        case "history":
            settings.history.append(value)
            if settings.history.count > historyMax { settings.history.removeFirst() }
        default:
            if settings.unknown.count < unknownMax { settings.unknown.append(line) }
        }
        return true
    }

    private static func set<Value>(_ field: inout Value?, _ value: Value?) -> Bool {
        guard let value else { return false }
        field = value
        return true
    }

    private static func sort(_ text: String) -> TableSort? {
        let words = text.split(separator: " ")
        guard let first = words.first, let column = TableSort.Column(rawValue: String(first)) else { return nil }
        guard words.count == 1 || (words.count == 2 && words[1] == "inverted") else { return nil }
        return TableSort(column: column, isInverted: words.count == 2)
    }
}
