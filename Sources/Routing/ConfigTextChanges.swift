import Model

/// Changes of a config.yaml's text, collected and then made all at once.
struct ConfigTextChanges {
    static let byHand = "this form of YAML can't be changed safely by a program; make the change by hand"

    private let lines: ConfigLines
    private let file: String
    /// Lines that go, from 0.
    private var cut: Set<Int> = []
    /// By line: bytes of it that are replaced. One Index is in each document, so they don't overlap.
    private var replaced: [Int: [(range: Range<Int>, with: [UInt8])]] = [:]
    private var appended: [UInt8] = []

    init(lines: ConfigLines, file: String) {
        self.lines = lines
        self.file = file
    }

    /// Takes the document out whose content begins on `line` (from 1).
    mutating func removeDocument(at line: Int) throws(ConfigError) {
        let content = line - 1
        guard lines.ranges.indices.contains(content) else { throw failure(line) }
        var first = content
        while first > 0, !lines.isMarker(first) { first -= 1 }
        var next = content + 1
        while next < lines.ranges.count, !lines.isMarker(next) { next += 1 }
        // What stands at the line's start behind the content is not the shard's: it may be about the next one.
        var last = next - 1
        while last > content, lines.kind(last) == .blank || lines.kind(last) == .comment { last -= 1 }
        if lines.kind(first) == .documentStart { return cut.formUnion(first...last) }
        // The first document, without a marker: head and title stay, and the next one's marker goes.
        cut.formUnion(content...last)
        if next < lines.ranges.count, lines.isBareStart(next) { cut.insert(next) }
    }

    /// Writes another Index into a document.
    mutating func renumber(_ document: ConfigParser.ShardDocument, to index: Int) throws(ConfigError) {
        let old = Array(document.indexText.utf8)
        guard let start = lines.offset(line: document.indexLine, column: document.indexColumn),
            lines.text[start...].starts(with: old)
        else { throw failure(document.indexLine) }
        replaced[document.indexLine - 1, default: []].append((start..<(start + old.count), Array("\(index)".utf8)))
    }

    /// Puts a document for the shard at the end.
    mutating func append(_ shard: ShardConfig, index: Int) {
        var document = ["---", "Shard:", "  Name: \(shard.name)", "  Index: \(index)"]
        document.append("  Address: \(Self.text(of: shard.address))")
        if !shard.replicas.isEmpty {
            document.append("  Replicas: [\(shard.replicas.map(Self.text(of:)).joined(separator: ", "))]")
        }
        for line in document { appended += Array(line.utf8) + lines.lineBreak }
    }

    /// An IPv6 address begins like a list.
    private static func text(of address: NodeAddress) -> String {
        "\(address)".hasPrefix("[") ? "\"\(address)\"" : "\(address)"
    }

    func applied() -> [UInt8] {
        var result: [UInt8] = []
        for (index, range) in lines.ranges.enumerated() where !cut.contains(index) {
            var at = range.lowerBound
            for (part, bytes) in (replaced[index] ?? []).sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
                result += lines.text[at..<part.lowerBound]
                result += bytes
                at = part.upperBound
            }
            result += lines.text[at..<range.upperBound]
        }
        guard !appended.isEmpty else { return result }
        if let last = ConfigLines(result).ranges.last, !ConfigLines.isEnded(result, last) { result += lines.lineBreak }
        return result + appended
    }

    private func failure(_ line: Int?) -> ConfigError {
        ConfigError(.init(file: file, line: line, message: Self.byHand))
    }
}
